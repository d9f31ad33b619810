"""The kinds of finding about a framework's source code and its export (GF501 to GF509)."""

from __future__ import annotations

from graphfix.linter.diagnostics import Severity
from graphfix.linter.outcomes import Outcome

TRAINING = Outcome(
    "GF501",
    "training-mode",
    Severity.WARNING,
    """A dropout or normalisation in training mode, or a dropout in `forward` that is always in training mode.

Lowering calls `model.eval()` first. A layer that this switches to inference, such as any layer of a new model, is a note.

Why: exported in training mode, the model drops values at random, or normalises by the statistics of the batch;
`model.eval()` has no effect on a module that overrides `train`, or on a dropout that is called as a function.
Example: `F.dropout(x, 0.5)`, whose `training` is True by default.
Instead: write `F.dropout(x, 0.5, self.training)` or a `torch.nn.Dropout`, and let `train(False)` reach it.""",
)
PACKED = Outcome(
    "GF502",
    "packed-in-source",
    Severity.WARNING,
    """A line that packs or unpacks sequences, with `pack_padded_sequence` or a similar function.

Why: packing saves time in training; an export turns it into sequence lengths that few compilers support (GF205), or
fails.
Example: `packed = pack_padded_sequence(x, lengths, batch_first=True)` before an LSTM.
Instead: run the layer on the padded tensor and mask its output, or leave the packing to `if self.training:`.""",
)
BRANCH = Outcome(
    "GF503",
    "data-dependent-branch",
    Severity.WARNING,
    """A branch, loop or Python number that depends on the values of a tensor.

Why: a trace records the one branch that the example inputs select, and computes wrong results on others without a warning;
torch.export fails on it.
Example: `if x.max() > 1:` in `forward`, or `for _ in range(int(lengths.max())):`.
Instead: compute both branches and select with `torch.where`, write `torch.cond`, or script the module.""",
)
ARITHMETIC = Outcome(
    "GF504",
    "size-arithmetic",
    Severity.NOTE,
    """A shape, slice or length that is computed from the sizes of a tensor.

Why: with dynamic dims it becomes a chain of Shape, Gather and arithmetic that compilers with fixed shapes reject, and
that a trace records as a constant where it passes through `int()` or `math`.
Example: `x.view(b, h // 2, 2, -1)` with `b, h = x.shape[:2]`.
Instead: use `flatten`, `unflatten`, `chunk` or -1, which need no arithmetic; or fix the dims with `--shape`.""",
)
WRITE = Outcome(
    "GF505",
    "indexed-write",
    Severity.NOTE,
    """A write into a part of a tensor, by index or in place on a slice.

Why: it becomes ScatterND or ScatterElements, which few compilers support; a trace may lose a write through a view.
Example: `x[:, 0] = 0`, or `x[mask] += 1`.
Instead: build the result with `torch.cat`, `torch.where` or `F.pad`.""",
)
FAILED = Outcome(
    "GF506",
    "export-failed",
    Severity.ERROR,
    """An exporter failed on the model, at the line of Python that the finding names.

Why: without an export there is no model to lint or compile.
Example: an operator that has no ONNX form, or Python that TorchScript does not support.
Instead: try the other exporters (`--exporter auto` does), and fix the line; the finding says how where that is known.""",
)
TRANSPOSE = Outcome(
    "GF507",
    "border-transpose",
    Severity.NOTE,
    """tf2onnx left a layout transpose at an input or output.

Why: TensorFlow's images are NHWC and ONNX's operators NCHW; each transpose costs a copy at every run.
Example: a Keras classifier, whose first node is a `Transpose` of its input.
Instead: export with NCHW inputs and outputs if the caller can use them; that changes the interface.""",
)
DIFFERS = Outcome(
    "GF508",
    "lowering-differs",
    Severity.ERROR,
    """onnxruntime's outputs on the lowered model differ from the framework's by more than the tolerance.

Why: the export itself computes something else, so every model that is made from it is wrong as well.
Example: a branch that a trace has recorded as a constant, or a layer left in training mode.
Instead: see the findings on the source (GF501, GF503, GF509), or use another exporter.""",
)
SIZE_BRANCH = Outcome(
    "GF509",
    "size-branch",
    Severity.WARNING,
    """A branch on a tensor's size, or a loop over it.

Why: a trace records the branch for the example's size, and unrolls the loop that many times; torch.export fixes the dim.
Example: `if x.shape[-1] % 2:`, or `for t in range(x.shape[1]):`.
Instead: fix the dim, script the module, or avoid the branch: with a layer such as `nn.LSTM`, or with padding that may be
empty.""",
)
SOURCE_OUTCOMES = (TRAINING, PACKED, BRANCH, ARITHMETIC, WRITE, FAILED, TRANSPOSE, DIFFERS, SIZE_BRANCH)
