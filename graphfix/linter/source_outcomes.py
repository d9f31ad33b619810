"""The kinds of finding about a framework's program and its export: what each one means and what to do."""

from __future__ import annotations

from graphfix.linter.diagnostics import Severity
from graphfix.linter.outcomes import Outcome

TRAINING = Outcome(
    "GF501",
    "training-mode",
    Severity.WARNING,
    """A dropout or normalisation in training mode, or a dropout in `forward` that never leaves it.

Lowering calls `model.eval()` first. What that puts in inference, as all of a model that was just made, is a note.

Why: exported in training mode, the model drops values at random, or normalises by the batch it is given; `model.eval()`
does not reach what is pinned by a `train` of its own or written as a function.
Example: `F.dropout(x, 0.5)`, whose `training` is True unless it is told otherwise.
Instead: write `F.dropout(x, 0.5, self.training)` or a `torch.nn.Dropout`, and let `train(False)` reach it.""",
)
PACKED = Outcome(
    "GF502",
    "packed-in-source",
    Severity.WARNING,
    """A line that packs or unpacks sequences, with `pack_padded_sequence` and its like.

Why: packing is a saving for training; in an export it becomes sequence lengths that few compilers take (GF205), or no
exporter gets through it.
Example: `packed = pack_padded_sequence(x, lengths, batch_first=True)` before an LSTM.
Instead: run the layer on the padded tensor and mask its output, or leave the packing to `if self.training:`.""",
)
BRANCH = Outcome(
    "GF503",
    "data-dependent-branch",
    Severity.WARNING,
    """A branch, loop or Python number that hangs on the values of a tensor.

Why: a trace keeps the one way that the example inputs took, and computes something else on others without a word;
torch.export refuses it.
Example: `if x.max() > 1:` in `forward`, or `for _ in range(int(lengths.max())):`.
Instead: compute both and choose with `torch.where`, write `torch.cond`, or script the module.""",
)
ARITHMETIC = Outcome(
    "GF504",
    "size-arithmetic",
    Severity.NOTE,
    """A shape, slice or length that is computed from the sizes of a tensor.

Why: with free dims it becomes a chain of Shape, Gather and arithmetic which compilers with fixed shapes reject, and
which a trace freezes where it passes through `int()` or `math`.
Example: `x.view(b, h // 2, 2, -1)` with `b, h = x.shape[:2]`.
Instead: `flatten`, `unflatten`, `chunk` and -1 say the same without arithmetic; or fix the dims with `--shape`.""",
)
WRITE = Outcome(
    "GF505",
    "indexed-write",
    Severity.NOTE,
    """A write into a part of a tensor, by index or in place on a slice.

Why: it becomes ScatterND or ScatterElements, which few compilers take; a trace may lose a write through a view.
Example: `x[:, 0] = 0`, or `x[mask] += 1`.
Instead: build the result with `torch.cat`, `torch.where` or `F.pad`.""",
)
FAILED = Outcome(
    "GF506",
    "export-failed",
    Severity.ERROR,
    """An exporter gave up on the model, at the line of Python that it names.

Why: without an export there is no model to judge or compile.
Example: an operator that has no ONNX form, or Python that TorchScript does not take.
Instead: try the other exporters (`--exporter auto` does), and mend the line; the finding says how where that is known.""",
)
TRANSPOSE = Outcome(
    "GF507",
    "border-transpose",
    Severity.NOTE,
    """tf2onnx left a layout transpose at an input or output.

Why: TensorFlow's images are NHWC and ONNX's operators NCHW; the transposes between cost a copy at every run.
Example: a Keras classifier, whose first node is a `Transpose` of its input.
Instead: ask for NCHW inputs and outputs if the caller can give and take them; that changes the interface.""",
)
DIFFERS = Outcome(
    "GF508",
    "lowering-differs",
    Severity.ERROR,
    """onnxruntime's outputs on the lowered model are further than the tolerance from the framework's.

Why: the export itself computes something else, so nothing that is done to it later can be right.
Example: a branch that a trace has frozen, or a layer left in training mode.
Instead: see the findings on the source (GF501, GF503, GF509), or take another exporter.""",
)
SIZE_BRANCH = Outcome(
    "GF509",
    "size-branch",
    Severity.WARNING,
    """A branch on a tensor's size, or a loop over it.

Why: a trace keeps the way of the example's size, and unrolls the loop as often as that; torch.export makes the dim fixed.
Example: `if x.shape[-1] % 2:`, or `for t in range(x.shape[1]):`.
Instead: fix the dim, script the module, or do without: by a layer such as `nn.LSTM`, or by padding that may be empty.""",
)
SOURCE_OUTCOMES = (TRAINING, PACKED, BRANCH, ARITHMETIC, WRITE, FAILED, TRANSPOSE, DIFFERS, SIZE_BRANCH)
