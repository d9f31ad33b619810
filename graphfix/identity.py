"""What findings are told apart by from one export to the next: names without their numbering, and a count among equals.

Exporters number what has no name of its own (`Conv_12`, `onnx::Add_345`, `val_7`, `If_0_else_branch__Inline_0__`), and
one node more at the front renumbers all that follow. Numbers that belong to a module's path (`layers.3`, `layer1`) are
the author's and stay, but for the last part of a path, which exporters number as well (`/layer1/Relu_1_output_0`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from graphfix.diagnostic import Finding

_COUNTER = re.compile(r"_+\d+(?![^\W\d_])")
"""A number behind underscores, which go with it: the first of a kind often has none."""
_LAST = re.compile(r"\.\d+$|\d+")
"""Numbers in the last part of a path: at its end behind a dot, as traced values have them, or anywhere."""


@functools.lru_cache(4096)
def unnumbered(name: str) -> str:
    """A value's or node's name without the numbers that an exporter gave out."""
    path, slash, last = name.rpartition("/")
    last = _LAST.sub(lambda found: "" if found[0].startswith(".") else "#", _COUNTER.sub("", last))
    return _COUNTER.sub("", path) + slash + last


def told_apart(findings: Iterable[Finding], called: str) -> list[Finding]:
    """The findings, each with its number among those otherwise alike, and with the target's version if it was asked for.

    They are changed in place, so they must belong to one result alone: a large model has findings by the hundred thousand,
    and a copy of each would take longer than judging it.
    """
    seen: dict[tuple[str, ...], int] = {}
    out = list(findings)
    versioned = called if "@" in called else ""
    for finding in out:
        if finding.called != versioned:
            object.__setattr__(finding, "called", versioned)
        key = trait(finding)
        number = seen.get(key, 0)
        seen[key] = number + 1
        if finding.ordinal != number:
            object.__setattr__(finding, "ordinal", number)
    return out


def trait(finding: Finding) -> tuple[str, ...]:
    """What of a finding stays the same when the model is exported again: no index, no message, no table entry."""
    scope = "/".join(map(unnumbered, finding.scope)) if finding.scope else ""
    target = finding.called or finding.target
    return finding.code, finding.kind, target, scope, finding.domain, finding.op, unnumbered(finding.output)


def fingerprint(finding: Finding) -> str:
    """16 hex digits over the trait and the number among equals."""
    return _digits((*trait(finding), str(finding.ordinal)))


def signature(inputs: Sequence[tuple[str, str, int | None]], outputs: Sequence[str]) -> str:
    """16 hex digits for a model's interface: names, dtypes and ranks of its inputs, and the names of its outputs."""
    parts = [f"{unnumbered(name)}:{dtype}:{rank}" for name, dtype, rank in inputs]
    parts += ["->", *map(unnumbered, outputs)]
    return _digits(parts)


def _digits(parts: Iterable[str]) -> str:
    import hashlib  # which brings a library of ciphers with it, and few reports tell fingerprints

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
