"""Models in reduced precision: their forms, what they compute, and which nodes must stay in float32.

Here live the forms of a model in a narrower float or in integers, the simulation in onnxruntime of a target's arithmetic, the
measured sensitivity of nodes, and the search for a mixed model within a budget. No compiler is asked here, and nothing
is printed. onnxruntime is imported inside functions only. Imports: rewrites and what stands before.
"""
