"""Rewrites of recurrent layers."""
