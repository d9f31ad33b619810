"""The rewrites, one a file; `graphfix.rewrite_registry.registry` finds them by walking this package."""
