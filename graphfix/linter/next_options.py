"""What to try next on a model: options of `graphfix fix`, and the command line with them."""

from __future__ import annotations

from typing import Any

from graphfix.ir.records import dataclass

PLACEHOLDER = "VALUE"
"""The text for a value that only the user knows."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to try next on a model: options of `graphfix fix`, and the command line with them where the model's path is known.

    `values` and `shapes` are by input, `outputs` are to be dropped, `allow` are safety classes, `tensors` and `padded` are the
    options of these names, `inner` the values inside to begin at, `dtypes` wider ones of inputs, `vectors` whether to take
    scalars as vectors. `rewrites` are to be asked for by name, since the nodes are supported. `examples` are the dims and inputs
    whose sizes are only examples. `before` is the number of errors on all targets, `after` that with the values and shapes
    bound, None where that was not measured. `unfit` states that the graph does not run at the shapes, for want of better ones.
    """

    values: tuple[tuple[str, str], ...] = ()
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    outputs: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    before: int = 0
    after: int | None = None
    command: str = ""
    tensors: bool = False
    padded: bool = False
    inner: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    unfit: bool = False
    dtypes: tuple[tuple[str, str], ...] = ()
    vectors: bool = False

    @property
    def words(self) -> list[str]:
        """The options as words of a command line, those that decide most first."""
        words = [word for name, value in self.values for word in ("--set", f"{name}={value}")]
        words += [word for name, dims in self.shapes for word in ("--shape", f"{name}={'x'.join(map(str, dims))}")]
        words += [word for name, dtype in self.dtypes for word in ("--input-dtype", f"{name}={dtype}")]
        words += [word for name in self.inner for word in ("--input-at", name)]
        words += [word for name in self.outputs for word in ("--drop-output", name)]
        words += ["--vector-inputs"] * self.vectors
        words += ["--tensor-outputs"] * self.tensors + ["--padded-outputs"] * self.padded
        words += ["--rewrite", ",".join(self.rewrites)] if self.rewrites else []
        return words + [word for name in self.allow for word in ("--allow", name)]

    def to_json(self) -> dict[str, Any]:
        """The step as docs/json.md describes it."""
        return {
            "command": self.command, "options": self.words, "examples": list(self.examples),
            "errors_before": self.before, "errors_after": self.after,
        }  # fmt: skip
