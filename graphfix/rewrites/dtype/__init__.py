"""Rewrites of element types."""
