"""Patterns of several nodes that decide what a compiler does with one of them, a pattern a file."""
