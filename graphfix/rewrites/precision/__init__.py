"""Rewrites that keep the numbers inside a model within a narrow float's range, and compute the same in float32."""
