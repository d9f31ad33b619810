"""Measuring what becomes of single ATen operators: their forms as data, the worker that lowers them, and the run.

A probe is one operator called in a module of torch. Many are exported as one program, which is decomposed once and then cut into
the parts that are lowered and run alone. Evidence and tables have the format of those about ONNX operators.
"""
