"""Measuring compilers with one-node models built from operator forms, and distilling the verdicts into support tables.

Nothing here judges a user's model. Imports: backends and what stands before it.
"""
