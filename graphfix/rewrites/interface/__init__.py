"""Rewrites of a model's inputs and outputs, as the user asked."""
