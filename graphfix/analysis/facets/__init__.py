"""Facets: the small flat description of a node by which support tables are keyed.

The prober varies facets and the linter looks them up through the same functions, so the two cannot drift apart.
"""
