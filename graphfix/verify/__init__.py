"""Running a model in onnxruntime and comparing what two models compute.

Here live the inputs that verification draws, the reference run and the comparison of outputs. onnxruntime is imported inside
functions only. Imports: analysis.
"""
