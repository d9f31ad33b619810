"""Rewrites of normalization layers."""
