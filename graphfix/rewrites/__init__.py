"""The rewrites, one a file; `graphfix.rewrite.registry` finds them by walking this package."""
