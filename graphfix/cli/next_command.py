"""The command line of a model's next step: the path, targets and options that were given, with those that help."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphfix.linter.diagnostics import NextStep, Result
from graphfix.lowering.source import recognise_source

OWN = frozenset({"target", "shape", "set", "input_at", "drop_output", "allow", "output", "in_place", "force"})
"""The options of fix that the command sets itself."""
DROPPED = frozenset({"help", "diff", "why", "full", "output_format", "output_file", "fail_on", "model"})
"""The options of fix about what is printed, which a next run need not repeat."""
INTERFACE = frozenset({
    "input_layout", "input_dtype", "normalize", "free_batch", "free_sizes", "vector_inputs", "drop_unused", "tensor_inputs",
    "tensor_outputs", "padded_outputs", "static_cache",
})  # fmt: skip
"""The options of fix that a model changed in place cannot take again."""


def complete_steps(
    results: Sequence[Result], given: argparse.Namespace, declare: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Set the command of every next step; `given` are the arguments, `declare` adds the options of fix to a parser."""
    if all(result.next is None for result in results):
        return
    parser = argparse.ArgumentParser(add_help=False)
    declare(parser)
    for result in results:
        if result.next is not None:
            words = _words(result, result.next, given, results, parser)
            result.next = dataclasses.replace(result.next, command=shlex.join(words))


def _words(
    result: Result, step: NextStep, given: argparse.Namespace, results: Sequence[Result], parser: argparse.ArgumentParser
) -> Iterator[str]:
    """Yield the words of the command: the deciding options first, then the others that were given, and the output."""
    in_place = getattr(given, "in_place", False)
    names = dict.fromkeys(other.called or other.target for other in results if other.model == result.model)
    yield from ("graphfix", "fix", result.model, "--target", given.target or ",".join(names))
    advised = {name for name, _ in step.shapes}
    dropped: list[str] = []
    if not in_place:
        yield from (word for text in given.set for word in ("--set", text))
        kept = [text for text in given.shape if not advised or text.rpartition("=")[0] not in {"", *advised}]
        yield from (word for text in kept for word in ("--shape", text))
        yield from (word for name in getattr(given, "input_at", []) for word in ("--input-at", name))
        dropped = getattr(given, "drop_output", [])
    yield from (word for name in dropped for word in ("--drop-output", name))
    allowed = getattr(given, "allow", [])
    yield from (word for name in allowed for word in ("--allow", name) if name not in step.allow)
    yield from step.words
    yield from _others(given, parser, in_place=in_place)
    yield from ("--in-place",) if in_place else ("-o", *_output(result, given))


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


def _output(result: Result, given: argparse.Namespace) -> list[str]:
    """Return the output of a fix that ran, to be overwritten, else a new file in this folder named after the model."""
    if getattr(given, "output", None) is not None:
        return [str(given.output), "--force"]
    stem = "model" if recognise_source(result.model) is not None else Path(result.model).stem
    names = (Path(f"{stem}.fixed{f'-{number}' if number > 1 else ''}.onnx") for number in range(1, 100))
    return [str(next((path for path in names if not path.exists()), Path(f"{stem}.fixed.onnx")))]
