"""Analysis of a model's Python source: what its `forward` does with the values and sizes of tensors, without running it.

This is an abstract interpreter: `Walk` follows `forward` with kinds of values (`kinds`) in place of values. The package is
also loaded by path in interpreters that have a framework and no graphfix: it imports the standard library and its own
files alone.
"""

from . import functions
from .frame import BudgetExceeded, Note
from .walk import Walk

__all__ = ["BudgetExceeded", "Note", "Walk", "functions"]
