"""`graphfix explain`: the documentation of a finding's code, of a rewrite, or of an operator on one target or on all."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphfix.errors import UsageError, nearest
from graphfix.rewriting.names import is_rewrite
from graphfix.tables.versions import canonical_target, every_target

if TYPE_CHECKING:
    from graphfix.linter.check import Check
    from graphfix.tables.table import Table

USUAL_TARGET = "demo"
"""The invented target of examples that name none."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "subject", nargs="+", metavar="CODE | REWRITE | [TARGET] OP", help="GF103, dissolve-if, Resize, tract Resize"
    )


def run(given: argparse.Namespace) -> int:
    """Print the documentation of one subject; exit code 2 with the most similar name when there is none."""
    print("\n".join(explain(given.subject)))
    return 0


def explain(subject: Sequence[str]) -> Iterator[str]:
    """Yield the documentation of a code, of a check or rewrite by name, or of an operator on a target or all, line by line.

    Raises:
        UsageError: there is no such subject; the hint names the most similar one.
    """
    if len(subject) == 2:
        from graphfix.linter.support import named, operators, support, support_lines
        from graphfix.tables.table import table

        name = canonical_target(subject[0]).partition("@")[0]
        if name not in every_target():
            raise UsageError(f"no target is called `{name}`", hint=nearest(name, every_target()))
        rules = table(subject[0])
        for op in named(subject[1], operators([rules])):
            yield from support_lines(support(op, rules))
        return
    word = " ".join(subject)
    lines = list(_on_finding(word))
    if lines:
        yield from lines
        return
    if is_rewrite(word):
        import inspect

        from graphfix.rewriting.registry import rewrite_named

        rewrite = rewrite_named(word)
        yield f"{rewrite.name}  ({rewrite.safety.value} rewrite, needs opset {rewrite.needs_opset})"
        yield ""
        yield inspect.cleandoc(inspect.getdoc(type(rewrite)) or "")
        if rewrite.before and rewrite.after:
            yield f"\nBefore:\n{_indented(rewrite.before)}\nAfter:\n{_indented(rewrite.after)}"
        return
    if canonical_target(word).partition("@")[0] in every_target():
        raise UsageError(f"`{word}` is a target", hint=f"name an operator as well, such as `graphfix explain {word} Resize`")
    from graphfix.linter.support import operators, tables

    opened = tables()
    measured = operators(opened)
    if any(word.lower() in (name.lower(), name.rpartition(".")[2].lower()) for name in measured):
        yield from _on_all_targets(word, opened, measured)
        return
    from graphfix.linter.codes import codes
    from graphfix.rewriting.names import rewrite_modules

    every = codes().values()
    known = [*(code.code for code in every), *(code.name for code in every), *rewrite_modules(), *every_target(), *measured]
    raise UsageError(f"nothing is called `{word}`", hint=nearest(word, known))


def _on_finding(word: str) -> Iterator[str]:
    """Yield the documentation of a code, or of a finding by its name; nothing where there is none."""
    from graphfix.linter.codes import codes, is_named

    found = next((c for c in codes().values() if word.upper() == c.code or word == c.name), None) if is_named(word) else None
    if found is None:
        return
    from graphfix.linter.check import checks
    from graphfix.linter.documentation import documentation

    yield f"{found.code} {found.name}  ({found.severity.value})\n\n{found.about}"
    for check in checks():
        if check.code == found.code:
            yield from _examples(check)
    yield f"\nDocumented in: {documentation(found.code)}"


def _on_all_targets(word: str, opened: Sequence[Table], measured: Sequence[str]) -> Iterator[str]:
    """Yield an operator's verdict on every target, one line each, then everything that the tables say about it."""
    from graphfix.linter.support import named, support, support_lines

    for name in named(word, measured):
        found = [support(name, table) for table in opened]
        yield f"{name}\n"
        width = max(len(one.table.target) for one in found)
        yield from (f"  {one.table.target.ljust(width)}  {one.label}" for one in found)
        for one in found:
            yield ""
            yield from support_lines(one)


def _examples(check: Check) -> Iterator[str]:
    for title, examples in (("Reported", check.invalid), ("Not reported", check.valid)):
        yield f"\n{title}:"
        for example in examples[:2]:
            yield _indented(example.nodes)
            yield (
                f"        for {example.inputs}"
                + (f", {example.weights}" if example.weights else "")
                + (f", target {example.target}" if example.target != USUAL_TARGET else "")
            )


def _indented(text: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in text.strip().splitlines())
