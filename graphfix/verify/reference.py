"""Verification: run the original and a candidate on the same inputs in onnxruntime, its optimizer off, and compare.

The outputs of exact rewrites must agree to within 8 units in the last place of the output's largest magnitude (1e-6 in
float32), unless the rewrite states another tolerance: the same arithmetic in another order rounds differently.
Approximate rewrites state their own tolerance. Integers, booleans and strings must be equal, and NaN and infinities must
be at the same positions. Beside seeded inputs the outputs must agree at the edge values on which the original is finite.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.errors import GraphfixError
from graphfix.ir.bind_inputs import Dims
from graphfix.verify.compare import Difference, Tolerance, Verification, compare, perturbed
from graphfix.verify.edge_samples import ReferenceSample, edge_samples, scaled, without_roundings
from graphfix.verify.edge_values import NONFINITE
from graphfix.verify.feed_adapter import Adapt, Adapted, joined
from graphfix.verify.feeds import Array, Feed, given_feeds, seeded_feeds
from graphfix.verify.integer_edges import data_inputs, widened
from graphfix.verify.kept_session import KeptSession
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.onnx_evaluator import Interpreter
from graphfix.verify.runtime import beyond_memory, brief, running
from graphfix.verify.size_inputs import size_inputs
from graphfix.verify.trial_sizes import TrialSizes

__all__ = ["Reference", "Tolerance", "Verification", "compare"]

SEEDS = 3
TOPS = (4, 2, 1)
"""Exclusive upper bounds of seeded integers, tried in this order: integers may be indices into a short axis."""
EXACT = Tolerance()
AMPLIFIED = 16
"""How many times the tolerance holds at edge values: there a normalization or a difference enlarges roundings before it."""
ROUNDING = 4
"""Units in the last place by which inputs are scaled, to see what roundings do to an original that decides or quantises."""


@dataclass(slots=True)
class Reference:
    """An original model with its outputs on the verification inputs, computed once.

    `reforms` are the requested changes of the interface, as functions that adapt the inputs and outputs of a candidate.
    """

    original: ModelProto
    shapes: Mapping[str, Dims] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Array] | None = None
    reforms: Sequence[Adapt] = ()
    _answers: list[ReferenceSample] | None = None
    _names: list[str] = field(default_factory=list)
    _kept: list[str] | None = None
    _trouble: str = ""
    _small: Feed = field(default_factory=dict)
    _sizes: TrialSizes | None = None
    _ran: list[Feed] = field(default_factory=list)
    _edges: list[ReferenceSample] = field(default_factory=list)
    _moved: dict[tuple[int, int], list[list[list[Any]]]] = field(default_factory=dict)
    _loaded: KeptSession = field(default_factory=KeptSession)
    _runtime: str = "onnxruntime, optimiser off"

    @property
    def answers(self) -> list[ReferenceSample]:
        """The inputs that the original runs on, with its outputs; empty where it runs on no input."""
        if self._answers is None:
            self._run_original()
        return self._answers or []

    @property
    def names(self) -> list[str]:
        """The names of the outputs that a candidate must have, in order."""
        return self._names if self._kept is None else self._kept

    @property
    def trial_sizes(self) -> dict[str, tuple[int, ...]]:
        """The dims of the inputs in the first verification, by name; empty where the original has not been run."""
        return {name: tuple(array.shape) for name, array in self._answers[0].feed.items()} if self._answers else {}

    def check(self, candidate: ModelProto, tolerance: Tolerance = EXACT, *, measure: bool = False) -> Verification:
        """Compare a candidate with the original on every input that the original runs on.

        With `measure` the distance of every output is measured too, and the comparison is tested on outputs that are
        wrong on purpose (`controls`).
        """
        answers, method = self.answers, self._method(tolerance)
        if not answers:
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the original: {self._trouble}")
        try:
            with self._loaded.running(candidate) as after:
                refusal = self._interface(after)
                if refusal is not None:
                    return Verification(0, 0.0, 0.0, 1.0, False, method, refusal)
                taken = {i.name for i in after.get_inputs()}
                worst, gauges = Difference(), {name: OutputMetrics() for name in self.names}
                for count, answer in enumerate(self.answers, 1):
                    got = after.run(None, {name: value for name, value in answer.feed.items() if name in taken})
                    for name, *olds, new in zip(self.names, *answer.runs, got, strict=True):
                        old = joined(olds, new)
                        worst = worst.worse(compare(name, old, new, tolerance))
                        if measure:
                            gauges[name].add(old, new)
                    if worst.reason is not None:
                        return worst.verdict(count, method)
                columns = [sample for sample in self._edges if sample.column not in {*NONFINITE, *tolerance.except_at}]
                for sample in columns:
                    reason = self._at_edge(after, sample, tolerance)
                    if reason is not None:
                        return dataclasses.replace(worst, reason=reason).verdict(len(self.answers), method)
        except Exception as error:  # onnxruntime has exceptions of its own; with any of them the candidate fails
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the result: {brief(error)}")
        found = dataclasses.replace(worst.verdict(len(self.answers), method), edges=tuple(sample.column for sample in columns))
        return self._measured(found, gauges, tolerance) if measure else found

    def _at_edge(self, after: Any, sample: ReferenceSample, tolerance: Tolerance) -> str | None:
        """Compare a loaded candidate with the original at a column of edge values; return the reason where they differ."""
        # what is added to 1 and taken away again loses a rounding of 1, whichever way it is written
        least = 1.0 if sample.column == "tiny" else 0.0
        tolerance = dataclasses.replace(tolerance, ulps=AMPLIFIED * tolerance.ulps, least_scale=least)
        taken = {i.name for i in after.get_inputs()}
        try:
            got = after.run(None, {name: value for name, value in sample.feed.items() if name in taken})
        except Exception as error:
            return f"at {sample.column}: onnxruntime cannot run the result: {brief(error)}"
        for place, (name, *olds, new) in enumerate(zip(self.names, *sample.runs, got, strict=True)):
            old = joined(olds, new)
            reason = compare(name, old, new, tolerance).reason
            if reason is not None and sample.column not in NONFINITE:
                moved = [joined([run[place] for run in runs], new) for runs in self._movements(sample, tolerance.ulps)]
                reason = compare(name, old, without_roundings(old, new, moved), tolerance).reason
            if reason is not None:
                return f"at {sample.column}: {reason}"
        return None

    def moved(self, sample: ReferenceSample) -> list[list[list[Any]]]:
        """Return the original's outputs, in runs, at inputs that are a rounding larger than those of a sample, and smaller."""
        return self._movements(sample, ROUNDING)

    def _movements(self, sample: ReferenceSample, ulps: int) -> list[list[list[Any]]]:
        """Return the original's outputs where the inputs of a sample are a few units in the last place larger, and smaller."""
        key = id(sample), ulps
        if key not in self._moved:
            self._moved[key] = []
            with contextlib.suppress(Exception), running(self.original) as before:
                self._moved[key] = [self._answer(before, fed).runs for fed in scaled(sample.source or {}, ulps)]
        return self._moved[key]

    def nonfinite(self, candidate: ModelProto, tolerance: Tolerance = EXACT) -> dict[str, str]:
        """Return for NaN and for infinity in the inputs whether a candidate computes the `same`, or something that `differs`."""
        samples = [sample for sample in self._edges if sample.column in NONFINITE]
        if not samples:
            return {}
        try:
            with self._loaded.running(candidate) as after:
                found = {sample.column: self._at_edge(after, sample, tolerance) for sample in samples}
        except Exception:  # it cannot be loaded, which `check` has told
            return {}
        return {column: "same" if reason is None else "differs" for column, reason in found.items()}

    def unmoved(self, found: Verification, tolerance: Tolerance) -> Verification:
        """Add the measured distances to a verification without any difference: the candidate need not run again."""
        gauges = {name: OutputMetrics() for name in self.names}
        for answer in self.answers:
            for name, output in zip(self.names, answer.outputs, strict=True):
                gauges[name].add(output, output)
        return self._measured(found, gauges, tolerance)

    def _measured(self, found: Verification, gauges: Mapping[str, OutputMetrics], tolerance: Tolerance) -> Verification:
        controls, caught, blind = self.controls(tolerance)
        outputs = {name: gauge.to_json() for name, gauge in gauges.items() if gauge.values}
        return dataclasses.replace(found, outputs=outputs, controls=controls, caught=caught, blind=blind)

    def controls(self, tolerance: Tolerance) -> tuple[int, int, tuple[str, ...]]:
        """Test the comparison; return how many comparisons must fail, how many did, and the outputs that never vary.

        Each output is compared with a copy that is just beyond the tolerance, and with itself on the other inputs.
        """
        made = caught = 0
        blind = []
        for position, name in enumerate(self.names):
            outputs = [answer.outputs[position] for answer in self.answers]
            wrong = perturbed(outputs[0], tolerance)
            if wrong is not None:
                made += 1
                caught += compare(name, outputs[0], wrong, tolerance).reason is not None
            if len(outputs) > 1 and all(compare(name, outputs[0], other, tolerance).reason is None for other in outputs[1:]):
                blind.append(name)
        return made, caught, tuple(blind)

    def example(self) -> tuple[Feed, list[Any]] | None:
        """Return one input that the original runs on, with its outputs in the model's order; None when there is none."""
        return (self.answers[0].feed, self.answers[0].outputs) if self.answers else None

    def _interface(self, after: Any) -> str | None:
        """Return why a loaded candidate does not have the required interface; None when it has."""
        names = [o.name for o in after.get_outputs()]
        if names != self.names:
            return f"outputs {', '.join(self.names)} became {', '.join(names)}"
        new = {i.name for i in after.get_inputs()} - set(self.answers[0].feed)
        return f"a new input `{min(new)}`" if new else None

    def _run_original(self) -> None:
        answers: list[ReferenceSample] = []
        self._answers = answers
        self._trouble = beyond_memory(self.original)
        if self._trouble:
            return
        try:
            with running(self.original) as before:
                self._names = [o.name for o in before.get_outputs()]
                if isinstance(before, Interpreter):
                    self._runtime = "onnx's interpreter"
                for feed in self._feeds(answers):
                    try:
                        answers.append(self._answer(before, feed))
                    except GraphfixError:
                        raise
                    except Exception as error:
                        self._trouble = brief(error)
                if self.data is None and answers:
                    least = min(self._ran, key=lambda feed: sum(array.size for array in feed.values()))
                    integers = data_inputs(self.original)
                    self._edges = edge_samples(lambda fed: self._answer(before, fed), least, self.values, integers)
        except GraphfixError:
            raise
        except Exception as error:
            self._trouble = brief(error)

    def _answer(self, before: Any, feed: Feed) -> ReferenceSample:
        """Run the original on a feed, adapted by the changes of the interface."""
        both = Adapted((feed,), feed)
        for adapt in self.reforms:
            both = adapt(both)
        runs = []
        for old in both.old:
            given = dict(zip(self._names, before.run(None, old), strict=True))
            given = {name: output for name, output in given.items() if name not in both.dropped}
            for change in both.outputs:
                given = change(given)
            self._kept = list(given)
            runs.append(list(given.values()))
        return ReferenceSample(both.new, runs, source=feed)

    def _feeds(self, answers: list[ReferenceSample]) -> Iterator[Feed]:
        """Iterate over the user's feed, or seeded ones: at two sizes where dims are dynamic, then integers at their edges."""
        if self.data is not None:
            yield from given_feeds(self.original, self.data, self.values)
            return
        for top in TOPS:
            yield from self._seeded(answers, top)
            if answers:
                yield from self._wide(answers)
                return

    def _seeded(self, answers: list[ReferenceSample], top: int) -> Iterator[Feed]:
        """Iterate over seeded feeds whose integers are below `top`."""
        self._sizes = self._sizes or TrialSizes.of(self.original, self.shapes)
        counts, worked = size_inputs(self.original), 0
        for sizes, shapes in self._sizes:
            for layout in self._sizes.layouts(shapes):
                for seed in range(2 if self._sizes.dynamic else SEEDS):
                    had = len(answers)
                    feed = seeded_feeds(self.original, layout, self.values, sizes, seed + worked * 2, top, counts)
                    if feed is None:
                        self._trouble = "an input is not a tensor"
                        return
                    yield feed
                    if len(answers) == had:
                        break
                    self._small = feed if layout is shapes else self._small
                    self._ran.append(feed)
                else:
                    worked += 1
                if worked in (0, 2):
                    break
            if worked == 2:
                return

    def _wide(self, answers: list[ReferenceSample]) -> Iterator[Feed]:
        """The last feed that ran, with edges for integers: in all inputs where those are data, else in one after the other."""
        names = [name for name in data_inputs(self.original) if name not in self.values]
        had = len(answers)
        if names:
            yield widened(self._small, names)
        if len(names) > 1 and len(answers) == had:
            for name in names:
                yield widened(self._small, [name])

    def _method(self, tolerance: Tolerance) -> str:
        source = "given data" if self.data is not None else "seeded inputs"
        exact = f"exact to {tolerance.ulps} ulp of each output's scale"
        limit = exact if not tolerance.rtol and not tolerance.atol else f"rtol {tolerance.rtol:g}, atol {tolerance.atol:g}"
        return f"{self._runtime}, {source}, {limit}"
