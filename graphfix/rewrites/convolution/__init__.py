"""Rewrites of convolutions and pools."""
