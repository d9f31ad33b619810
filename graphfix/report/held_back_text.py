"""What holds back a registry, as text: the verdicts of each target, then its operators and causes, most models first."""

from __future__ import annotations

from typing import TextIO

from graphfix.report.held_back import Registry, TargetTally
from graphfix.report.page import Page
from graphfix.report.paragraphs import wrapped

VERDICTS = ("accepted", "rejected", "undecided", "unreadable")
EXAMPLES = 2
"""The models named for each cause."""
INDENT = 19
"""The columns in front of a cause."""


def render_registry(registry: Registry, out: TextIO, *, most: int | None = None) -> None:
    """Write the tallies; `most` limits the operators and causes of each target."""
    page = Page(out)
    page.line((f"{len(registry.models)} models", "bold"))
    width = max((len(one.title) for one in registry.tallies()), default=0)
    page.line((f"  {'target':{width}}" + "".join(f"{word:>12}" for word in VERDICTS), "dim"))
    for one in registry.tallies():
        page.line(f"  {one.title:{width}}" + "".join(f"{one.verdicts[word]:12}" for word in VERDICTS))
    for one in registry.tallies():
        if one.held_back:
            _target(page, registry, one, most)


def _target(page: Page, registry: Registry, one: TargetTally, most: int | None) -> None:
    causes, operators = one.ranked_causes(), one.ranked_operators()
    page.line()
    page.line((f"{one.title} does not accept {one.held_back}", "bold"), "; `alone` counts models with no other reason")
    if operators:
        page.line(("  models   alone  operator", "dim"))
        for operator in operators[:most]:
            page.line(f"{len(operator.models):8}{len(operator.alone):8}  {operator.op}")
        _rest(page, len(operators), most, "operator")
    page.line(("  models   alone  cause", "dim"))
    for cause in causes[:most]:
        first, *rest = wrapped(f"{cause.code} {cause.name}  {cause.message}", page.width - INDENT, 3)
        page.line(f"{len(cause.models):8}{len(cause.alone):8}  {first}")
        lines = [*rest, *([f"fix: {cause.fix}"] if cause.fix else []), f"in {_examples(registry, cause.models)}"]
        for line in lines:
            page.line(" " * INDENT + line)
    _rest(page, len(causes), most, "cause")


def _examples(registry: Registry, models: set[int]) -> str:
    named = ", ".join(registry.names(models, EXAMPLES))
    return named if len(models) <= EXAMPLES else f"{named} and {len(models) - EXAMPLES} more"


def _rest(page: Page, count: int, most: int | None, what: str) -> None:
    if most is not None and count > most:
        left = count - most
        page.line(
            (f"{'':{INDENT - 1}}and {left} more {what}{'s' if left > 1 else ''}; `graphfix report --limit` shows more", "dim")
        )
