"""Before and after in onnxruntime: the same inputs through the original and a candidate, its optimiser off.

Exact rewrites must agree to within 8 units in the last place of the output's largest magnitude (1e-6 in float32), or
what else they state: the same arithmetic in another order rounds otherwise. Approximate ones name their own tolerance. Integers,
booleans and strings must be equal, and NaN and infinities stand in the same places.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.errors import GraphfixError
from graphfix.ir.bind_inputs import Dims
from graphfix.verify.compare import Difference, Tolerance, Verification, compare, spoilt
from graphfix.verify.feed_adapter import Adapt, Adapted, joined
from graphfix.verify.feeds import Array, Feed, candidates, given_feeds, is_free, seeded_feeds
from graphfix.verify.integer_edges import data_inputs, widened
from graphfix.verify.metrics import Gauge
from graphfix.verify.onnx_evaluator import Interpreter
from graphfix.verify.runtime import brief, running

__all__ = ["Reference", "Tolerance", "Verification", "compare"]

SEEDS = 3
TOPS = (4, 2, 1)
"""What integers lie below, tried in turn: they may be places in an axis that has no more entries."""
EXACT = Tolerance()


@dataclass(slots=True)
class Answer:
    """One verification input as the result is fed it, and what the original gave on the same, in one run or several."""

    feed: Feed
    runs: list[list[Any]]

    @property
    def outputs(self) -> list[Any]:
        """The outputs of the first run."""
        return self.runs[0]


@dataclass(slots=True)
class Reference:
    """An original model with its outputs on the verification inputs, computed once.

    `reforms` are the changes of the interface that the user asked for, as what they make of a verification input: they tell
    what a result is fed and gives.
    """

    original: ModelProto
    shapes: Mapping[str, Dims] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Array] | None = None
    reforms: Sequence[Adapt] = ()
    _answers: list[Answer] | None = None
    _names: list[str] = field(default_factory=list)
    _dropped: frozenset[str] = frozenset()
    _trouble: str = ""
    _small: Feed = field(default_factory=dict)
    _runtime: str = "onnxruntime, optimiser off"

    @property
    def answers(self) -> list[Answer]:
        """The inputs that the original runs on, with its outputs; empty where it runs on none."""
        if self._answers is None:
            self._run_original()
        return self._answers or []

    @property
    def names(self) -> list[str]:
        """The outputs that a result has to give, in order."""
        return [name for name in self._names if name not in self._dropped]

    def check(self, candidate: ModelProto, tolerance: Tolerance = EXACT, *, measure: bool = False) -> Verification:
        """Compare a candidate with the original on every input that the original runs on.

        With `measure` the distance of every output is measured too, and wrong outputs are put in the place of the
        right ones to see that they are told apart.
        """
        answers, method = self.answers, self._method(tolerance)
        if not answers:
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the original: {self._trouble}")
        try:
            with running(candidate) as after:
                refusal = self._interface(after)
                if refusal is not None:
                    return Verification(0, 0.0, 0.0, 1.0, False, method, refusal)
                taken = {i.name for i in after.get_inputs()}
                worst, gauges = Difference(), {name: Gauge() for name in self.names}
                for count, answer in enumerate(self.answers, 1):
                    got = after.run(None, {name: value for name, value in answer.feed.items() if name in taken})
                    for name, *olds, new in zip(self.names, *answer.runs, got, strict=True):
                        old = joined(olds, new)
                        worst = worst.worse(compare(name, old, new, tolerance))
                        if measure:
                            gauges[name].add(old, new)
                    if worst.reason is not None:
                        return worst.verdict(count, method)
        except Exception as error:  # onnxruntime raises its own kinds; any of them means the candidate is no good
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the result: {brief(error)}")
        found = worst.verdict(len(self.answers), method)
        return self._measured(found, gauges, tolerance) if measure else found

    def unmoved(self, found: Verification, tolerance: Tolerance) -> Verification:
        """A verification that found no difference at all, as a measured one: nothing has to be run again."""
        gauges = {name: Gauge() for name in self.names}
        for answer in self.answers:
            for name, output in zip(self.names, answer.outputs, strict=True):
                gauges[name].add(output, output)
        return self._measured(found, gauges, tolerance)

    def _measured(self, found: Verification, gauges: Mapping[str, Gauge], tolerance: Tolerance) -> Verification:
        controls, caught, blind = self.controls(tolerance)
        outputs = {name: gauge.to_json() for name, gauge in gauges.items() if gauge.values}
        return dataclasses.replace(found, outputs=outputs, controls=controls, caught=caught, blind=blind)

    def controls(self, tolerance: Tolerance) -> tuple[int, int, tuple[str, ...]]:
        """Comparisons that must fail, those that did, and the outputs that are the same on all inputs.

        Each output is compared with itself one step beyond what is allowed, and with itself on another input.
        """
        made = caught = 0
        blind = []
        for position, name in enumerate(self.names):
            outputs = [answer.outputs[position] for answer in self.answers]
            wrong = spoilt(outputs[0], tolerance)
            if wrong is not None:
                made += 1
                caught += compare(name, outputs[0], wrong, tolerance).reason is not None
            if len(outputs) > 1 and all(compare(name, outputs[0], other, tolerance).reason is None for other in outputs[1:]):
                blind.append(name)
        return made, caught, tuple(blind)

    def example(self) -> tuple[Feed, list[Any]] | None:
        """One input that the original runs on, with the outputs in the model's order; None when it runs on none."""
        return (self.answers[0].feed, self.answers[0].outputs) if self.answers else None

    def _interface(self, after: Any) -> str | None:
        """Why a loaded candidate does not have the interface that is wanted; None when it has."""
        names = [o.name for o in after.get_outputs()]
        if names != self.names:
            return f"outputs {', '.join(self.names)} became {', '.join(names)}"
        new = {i.name for i in after.get_inputs()} - set(self.answers[0].feed)
        return f"a new input `{min(new)}`" if new else None

    def _run_original(self) -> None:
        answers: list[Answer] = []
        self._answers = answers
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
        except GraphfixError:
            raise
        except Exception as error:
            self._trouble = brief(error)

    def _answer(self, before: Any, feed: Feed) -> Answer:
        """Run the original on a feed, or on what the reforms make of it."""
        both = Adapted((feed,), feed)
        for adapt in self.reforms:
            both = adapt(both)
        self._dropped = both.dropped
        kept = [place for place, name in enumerate(self._names) if name not in both.dropped]
        outputs = [before.run(None, old) for old in both.old]
        return Answer(both.new, [[run[place] for place in kept] for run in outputs])

    def _feeds(self, answers: list[Answer]) -> Iterator[Feed]:
        """The user's feed, or seeded ones: at two sizes that run where dims are free, then integers at their edges."""
        if self.data is not None:
            yield from given_feeds(self.original, self.data, self.values)
            return
        for top in TOPS:
            yield from self._seeded(answers, top)
            if answers:
                yield from self._wide(answers)
                return

    def _seeded(self, answers: list[Answer], top: int) -> Iterator[Feed]:
        """Seeded feeds whose integers lie below `top`."""
        free, worked = is_free(self.original, self.shapes, self.values), 0
        for sizes in candidates(free=free):
            for seed in range(SEEDS if not free else 2):
                had = len(answers)
                feed = seeded_feeds(self.original, self.shapes, self.values, sizes, seed + worked * 2, top)
                if feed is None:
                    self._trouble = "an input is not a tensor"
                    return
                yield feed
                if len(answers) == had:
                    break
                self._small = feed
            else:
                worked += 1
            if worked == 2:
                return

    def _wide(self, answers: list[Answer]) -> Iterator[Feed]:
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
