"""`graphfix explain`: a finding's code, a rewrite, or an operator on a target, in words in the terminal."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator, Sequence

from graphfix.check import Check, checks
from graphfix.engine import table
from graphfix.errors import UsageError, nearest
from graphfix.outcomes import OUTCOMES
from graphfix.table import Entry, targets
from graphfix.words import condition_in_words


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
        name, _, domain = subject[1].rpartition(".")[::-1]
        entry = rules.entry(name, domain) or rules.entry(subject[1])
        if entry is None:
            known = [path.stem for path in rules.folder.glob("*.json") if not path.stem.startswith("@")]
            raise UsageError(f"{rules.title} was never asked about `{subject[1]}`", cure=nearest(subject[1], known))
        yield from _entry(rules.title, entry)
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


def _entry(title: str, entry: Entry) -> Iterator[str]:
    yield f"{entry.op} on {title}: {entry.probes} probes of {entry.compiler}, measured {entry.on}"
    if not entry.rejects:
        yield "  takes it in every form that was tried"
    for evidence in entry.rejects:
        counts = f"{evidence.supports} probes" + (f", {evidence.opposes} against" if evidence.opposes else "")
        yield f"  rejects {condition_in_words(evidence.when) or 'it in every form'}  ({evidence.id}; {counts})"
        if evidence.said:
            yield f'      {evidence.stage}: "{evidence.said}"'
    for evidence in entry.wrong:
        error = f", error {evidence.error:.2g}" if evidence.error is not None else ""
        yield f"  computes something else {condition_in_words(evidence.when) or 'in every form'}  ({evidence.id}{error})"
    if entry.exceptions:
        yield f"  and {len(entry.exceptions)} single forms that no condition explains"
    yield "  tried:"
    for name, values in entry.axes.items():
        if len(values) > 1:
            yield f"      {name}: {', '.join(sorted(map(str, values)))}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in text.strip().splitlines())
