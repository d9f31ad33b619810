"""Rewrites of resizing and grid sampling."""
