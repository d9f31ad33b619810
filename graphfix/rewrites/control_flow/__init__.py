"""Rewrites of If, Loop, Scan, sequences and local functions."""
