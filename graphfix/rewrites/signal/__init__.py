"""Rewrites of Fourier transforms and of the framing of signals: products with constant cosines and sines, and convolutions.

Imports: rewriting.
"""
