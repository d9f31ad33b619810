"""Rewrites of elementwise arithmetic, reductions and rounding."""
