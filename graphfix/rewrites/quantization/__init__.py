"""Rewrites of quantized operators."""
