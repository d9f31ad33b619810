"""Rewrites of whole-model clean-up: constants, identities, annotations and opset versions."""
