"""Conversion paths: every way from a source model to its targets, tried and compared."""
