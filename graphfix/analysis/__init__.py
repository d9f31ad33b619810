"""Static analysis of a model: shapes, symbolic dims, constants, and the source of each value, without running the model.

The package holds shape inference, constant folding and the solver that combines them. It depends on no target and on no support
table. Imports: ir.
"""
