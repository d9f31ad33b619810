"""The measured support tables: reading them, looking up a node's facets, and saying a condition in words.

Here is nothing about one target: what differs between targets is data in `rules/`. Imports: analysis.
"""
