"""Rewrites of activation functions."""
