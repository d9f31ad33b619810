"""Reading a model's Python: what its `forward` does with the values and sizes of tensors, found without running it.

The package is loaded by path, too, in interpreters that have a framework and no graphfix: it imports the standard
library and its own files alone.
"""

from . import functions
from .frame import Enough, Note
from .walk import Walk

__all__ = ["Enough", "Note", "Walk", "functions"]
