"""The machinery that every rewrite shares: editing a graph, matching patterns, verifying and withdrawing.

It holds the base classes, the graph editor, the node builder and the fixpoint that applies rewrites until none fires.
The rewrites themselves are in graphfix/rewrites/. Imports: linter.
"""
