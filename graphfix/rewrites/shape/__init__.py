"""Rewrites of reshapes, transposes and broadcasts."""
