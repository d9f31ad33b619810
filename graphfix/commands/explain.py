"""`graphfix explain`: a finding's code, a rewrite, or an operator on a target, in words in the terminal."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator, Sequence

from graphfix.check import Check, checks
from graphfix.engine import table
from graphfix.errors import UsageError, nearest
from graphfix.outcomes import OUTCOMES
from graphfix.support import named, operators, support, told
from graphfix.table import targets


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("subject", nargs="+", metavar="CODE | REWRITE | TARGET OP", help="GF103, dissolve-if, tensorrt Resize")


def run(given: argparse.Namespace) -> int:
    """Print the documentation of one subject; exit code 2 with the nearest spelling when there is none."""
    print("\n".join(explain(given.subject)))
    return 0


def explain(subject: Sequence[str]) -> Iterator[str]:
    """The documentation of a code, a rule's or rewrite's name, or a target and an operator, line by line."""
    from graphfix.rewrite import registry

    if len(subject) == 2 and subject[0].partition("@")[0] in targets():
        rules = table(subject[0])
        for name in named(subject[1], operators([rules])):
            yield from told(support(name, rules))
        return
    word = " ".join(subject)
    for check in checks():
        if word.upper() == check.code or word == check.name:
            yield from _check(check)
            return
    for outcome in OUTCOMES:
        if word.upper() == outcome.code or word == outcome.name:
            yield f"{outcome.code} {outcome.name}  ({outcome.severity.value})\n\n{outcome.about}"
            return
    if word in registry():
        rewrite = registry()[word]
        yield f"{rewrite.name}  ({rewrite.safety.value} rewrite, needs opset {rewrite.needs_opset})"
        yield ""
        yield inspect.cleandoc(inspect.getdoc(type(rewrite)) or "")
        if rewrite.before and rewrite.after:
            yield f"\nBefore:\n{_indented(rewrite.before)}\nAfter:\n{_indented(rewrite.after)}"
        return
    names = [*(c.code for c in checks()), *(c.name for c in checks()), *(o.code for o in OUTCOMES), *registry(), *targets()]
    raise UsageError(f"nothing is called `{word}`", cure=nearest(word, names))


def _check(check: Check) -> Iterator[str]:
    yield f"{check.code} {check.name}  ({check.severity.value})"
    yield ""
    yield inspect.cleandoc(inspect.getdoc(type(check)) or "")
    for title, examples in (("Speaks on", check.invalid), ("Silent on", check.valid)):
        yield f"\n{title}:"
        yield from (_indented(example.nodes) for example in examples[:2])


def _indented(text: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in text.strip().splitlines())
