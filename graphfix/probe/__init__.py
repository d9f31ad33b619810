"""Measuring compilers: one-node models built from operator forms, asked about, and distilled into support tables."""
