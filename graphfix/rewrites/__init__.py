"""The rewrites, one a file, in folders by theme; `graphfix.rewriting.registry` finds them by walking this package.

A file that defines no rewrite holds what several rewrites of its theme share. Imports: rewriting.
"""
