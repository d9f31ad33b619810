"""Rewrites of gathers, scatters and slices."""
