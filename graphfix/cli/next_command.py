"""The command line of a model's next step: the path, targets and options that were given, with those that help."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphfix.ir.urls import is_url
from graphfix.linter.diagnostics import NextStep, Result, Severity
from graphfix.lowering.source import recognise_source

OWN = frozenset({"target", "shape", "set", "input_at", "drop_output", "rewrite", "allow", "output", "in_place", "force"})
"""The options of fix that the command sets itself."""
DROPPED = frozenset({"help", "diff", "why", "full", "output_format", "output_file", "fail_on", "model"})
"""The options of fix about what is printed, which a next run need not repeat."""
INTERFACE = frozenset({
    "input_layout", "input_dtype", "normalize", "free_batch", "free_sizes", "vector_inputs", "drop_unused", "tensor_inputs",
    "tensor_outputs", "padded_outputs", "static_cache",
})  # fmt: skip
"""The options of fix that a model changed in place cannot take again."""


def complete_steps(
    results: Sequence[Result],
    given: argparse.Namespace,
    declare: Callable[[argparse.ArgumentParser], None],
    outputs: dict[str, str] | None = None,
) -> None:
    """Set the command of every next step; `given` are the arguments, `declare` adds the options of fix to a parser.

    `outputs` are the files that commands of this run write, by model: those of two models of one name are told apart.
    """
    outputs = {} if outputs is None else outputs
    for result in results:
        if result.next is not None and not (_open(result) and _news(result.next, given)):
            result.next = None
    if all(result.next is None for result in results):
        return
    parser = _declared(declare)
    for result in results:
        if result.next is not None:
            words = _words(result, result.next, given, results, parser, outputs)
            result.next = dataclasses.replace(result.next, command=shlex.join(words))


@functools.lru_cache(1)
def _declared(declare: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
    """Return a parser of these options; one serves all models of a run."""
    parser = argparse.ArgumentParser(add_help=False)
    declare(parser)
    return parser


def _open(result: Result) -> bool:
    """Whether a result is not accepted, refused by its compiler, or has a finding above a note that a command may fix."""
    named = (finding for finding in result.findings if finding.rewrite is not None or finding.cure)
    refused = any(told["after"] in ("rejected", "fails") for told in (result.confirmed or {}).values())
    return refused or result.verdict != "accepted" or any(finding.severity is not Severity.NOTE for finding in named)


def _news(step: NextStep, given: argparse.Namespace) -> bool:
    """Whether a step does more than apply rewrites that this run of fix was asked for by name."""
    asked = {name.partition(":")[0] for text in getattr(given, "rewrite", []) for name in text.split(",")}
    return not step.rewrites or not asked.issuperset(step.rewrites)


def _words(
    result: Result,
    step: NextStep,
    given: argparse.Namespace,
    results: Sequence[Result],
    parser: argparse.ArgumentParser,
    outputs: dict[str, str],
) -> Iterator[str]:
    """Yield the words of the command: the deciding options first, then the others that were given, and the output."""
    in_place = getattr(given, "in_place", False)
    names = dict.fromkeys(other.called or other.target for other in results if other.model == result.model)
    model = Path(result.model).name if is_url(result.model) else result.model
    yield from ("graphfix", "fix", model, "--target", given.target or ",".join(names))
    advised = {name for name, _ in step.shapes}
    dropped: list[str] = []
    if not in_place:
        yield from (word for text in given.set for word in ("--set", text))
        kept = [text for text in given.shape if not advised or text.rpartition("=")[0] not in {"", *advised}]
        yield from (word for text in kept for word in ("--shape", text))
        yield from (word for name in getattr(given, "input_at", []) for word in ("--input-at", name))
        dropped = getattr(given, "drop_output", [])
    yield from (word for name in dropped for word in ("--drop-output", name))
    yield from (word for text in getattr(given, "rewrite", []) for word in ("--rewrite", text))
    allowed = getattr(given, "allow", [])
    yield from (word for name in allowed for word in ("--allow", name) if name not in step.allow)
    yield from step.words
    yield from _others(given, parser, in_place=in_place)
    yield from ("--in-place",) if in_place else ("-o", *_output(result, given, outputs))


def _others(given: argparse.Namespace, parser: argparse.ArgumentParser, *, in_place: bool) -> Iterator[str]:
    """Yield the other options that were given and that fix knows."""
    for action in parser._actions:
        value = getattr(given, action.dest, action.default)
        if action.dest in OWN | DROPPED or (in_place and action.dest in INTERFACE) or value == action.default:
            continue
        option = max(action.option_strings, key=len)
        if action.nargs == 0:
            yield option
        else:
            yield from (word for one in (value if isinstance(value, list) else [value]) for word in (option, str(one)))


def _output(result: Result, given: argparse.Namespace, outputs: dict[str, str]) -> list[str]:
    """Return the output of a fix that ran, to be overwritten, else a new file in this folder named after the model."""
    if getattr(given, "output", None) is not None:
        return [str(given.output), "--force"]
    if result.model not in outputs:
        stem = "model" if recognise_source(result.model) is not None else Path(result.model).stem
        names = (f"{stem}.fixed{f'-{number}' if number > 1 else ''}.onnx" for number in range(1, 100))
        taken = set(outputs.values())
        outputs[result.model] = next(
            (name for name in names if name not in taken and not Path(name).exists()), f"{stem}.fixed.onnx"
        )
    return [outputs[result.model]]
