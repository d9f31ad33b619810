"""Facets: the flat description of a node by which support tables are keyed.

The prober varies facets and the linter looks them up through the same functions, so both use the same keys.
"""
