"""Pruning: channels, attention heads and recurrent units that contribute nothing, or little, are removed from a model.

The axes of all values are tied to each other by what the operators do with them; what is tied is removed together. No compiler,
no command line and no support table is read here: pruning makes a model smaller for every target alike.
"""
