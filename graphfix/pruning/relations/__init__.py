"""What operators do with axes, one family of operators a file: each enters its ties, sums and frozen axes into the graph.

No weights are read here beyond the constants that hold sizes, and nothing is removed.
"""
