"""Rewrites of classical machine learning, the domain `ai.onnx.ml`: trees."""
