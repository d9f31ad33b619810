"""Measuring compilers with one-node models built from operator forms, and distilling the verdicts into support tables."""
