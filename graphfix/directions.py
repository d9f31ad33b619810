"""Command lines that take a road, or tell why there is none, to paste into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from graphfix.roads import ONNX, Applied, Start, Way

MADE = "model.onnx"
FIXED = "fixed.onnx"
"""Files that the commands write."""


def why_none(source: str, options: Sequence[str], start: Start) -> str:
    """The command that tells all of why an exporter gives nothing that can be used."""
    return _spoken("lower", _where(source, options, start), ["-o", MADE, "--full"])


def directions(
    source: str,
    options: Sequence[str],
    start: Start,
    target: str,
    way: Way,
    made: Sequence[Applied] = (),
    sizes: Mapping[str, Sequence[int]] | None = None,
) -> str:
    """The command that goes by this road, or for one that leads nowhere the one that tells what was declined and why.

    `options` are those by which the source is lowered or bound; `made` are the rewrites, `sizes` the dims that are fixed.
    """
    where, goal = _where(source, options, start), ["--target", target]
    allow = ["--allow=approximate"] if any(one.safety == "approximate" for one in made) else []
    shapes = [f"--shape={name}={'x'.join(map(str, dims))}" for name, dims in (sizes or {}).items()]
    given = start.exporter == ONNX
    if not way.leads:
        return _spoken("fix", where, [*goal, "--unsafe-fixes", "--why", "-o", FIXED])
    if way is Way.AS_IS and given:
        from graphfix.backends.base import backend

        return _spoken("compile", where, [*goal, "-o", f"model{backend(target.partition('@')[0]).artifact}"])
    if way is Way.AS_IS:
        return _spoken("lower", where, [*goal, "-o", MADE])
    if not shapes or given:
        return _spoken("fix", where, [*goal, *allow, *shapes, "-o", FIXED])
    # Given while it is lowered, `--shape` would ask for another export than the one that was tried.
    return f"{_spoken('lower', where, ['-o', MADE])} && {_spoken('fix', [MADE], [*goal, *allow, *shapes, '-o', FIXED])}"


def _where(source: str, options: Sequence[str], start: Start) -> list[str]:
    return [source, *options, *([start.flag] if start.flag else [])]


def _spoken(command: str, where: Sequence[str], rest: Sequence[str]) -> str:
    return shlex.join(["graphfix", command, *where, *rest])
