"""A model file with its sizes, constants and data, as it is handed to a compiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnx import ModelProto

from graphfix.analysis.facts import Facts
from graphfix.ir.dim_ranges import Spanned, shape_profile
from graphfix.verify.reference_run import ReferenceRun

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """A model file with its bindings: dims (sizes or ranges) and constants by input name, and the data to compare on."""

    path: Path
    shapes: Mapping[str, Spanned] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None


@dataclass(slots=True)
class PreparedCase:
    """A case that compilers can be asked about.

    `model` is the bound model and `file` the file that holds it, `reference` the run of onnxruntime, and `feed` an .npz with
    the inputs and the expected outputs for the artifact, None where there are none.
    """

    case: Case
    model: ModelProto
    file: Path
    reference: ReferenceRun
    feed: Path | None
    _facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """The facts of the bound model, computed once."""
        if self._facts is None:
            self._facts = Facts.of(self.model)
        return self._facts

    def ask(self, session: Session, backend: Backend, **more: Any) -> Verdict:
        """Return the compiler's verdict, passing sizes for dynamic dims where it needs them. `more` goes to `Session.ask`."""
        options = dict(more.pop("options", None) or {})
        values = {}
        if backend.needs_sizes:
            options["profiles"] = shape_profile(self.model, self.case.shapes, self.reference.sizes)
            feed = self.reference.feed
            values = {name: array.tolist() for name, array in feed.items() if array.dtype.kind in "iu" and array.size <= 64}
        return session.ask(self.file, values=values, options=options, **more)
