"""Facts about a model that nobody has to run: shapes, symbolic dims, constants, and where each value comes from.

Here live shape inference, constant folding and the solver that repeats both until nothing new is found. Nothing here knows a
target or a support table. Imports: ir.
"""
