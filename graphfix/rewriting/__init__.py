"""The machinery that every rewrite shares: editing a graph, matching patterns, verifying and withdrawing.

Here live the base classes, the graph editor, the builder of nodes and the fixpoint that applies rewrites until nothing fires.
No single rewrite lives here. Imports: linter.
"""
