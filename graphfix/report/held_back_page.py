"""What holds back a registry, as a web page of its own: a bar for each operator and cause, without a script."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.report.held_back import Cause, Registry, TargetTally
from graphfix.report.held_back_text import VERDICTS
from graphfix.report.standalone_page import escaped_html

EXAMPLES = 5
"""The models named for each cause."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1d2b2f }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } code { font: 13px ui-monospace, monospace }
table { border-collapse: collapse; width: 100% } td, th { padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }
td.number, th.number { text-align: right; width: 5rem } td.share { width: 9rem } small { color: #5a6b70 }
meter { width: 8rem; height: 1rem }
@media (prefers-color-scheme: dark) { body { color: #dfe7e6; background: #14191b } small { color: #93a5aa } }
"""


def registry_page(registry: Registry, *, most: int | None = None) -> str:
    """Return the page as HTML; names and messages are escaped, and `most` limits the operators and causes of each target."""
    head = "".join(f'<th class="number">{word}</th>' for word in VERDICTS)
    verdicts = "".join(
        f"<tr><td>{escaped_html(one.title)}</td>"
        + "".join(f'<td class="number">{one.verdicts[word]}</td>' for word in VERDICTS)
        + "</tr>"
        for one in registry.tallies()
    )
    parts = "\n".join(part for one in registry.tallies() if one.held_back for part in _target(registry, one, most))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What holds back {len(registry.models)} models</title><style>{STYLE}</style></head><body>
<h1>What holds back {len(registry.models)} models</h1>
<table><tr><th>target</th>{head}</tr>{verdicts}</table>
<p>Below, <em>alone</em> counts the models that nothing else holds back: those that one fix would free.</p>
{parts}
</body></html>
"""


def _target(registry: Registry, one: TargetTally, most: int | None) -> Iterator[str]:
    """Yield the tables of one target."""
    yield f"<h2>{escaped_html(one.title)} does not accept {one.held_back}</h2>"
    operators = one.ranked_operators()[:most]
    if operators:
        yield _table(
            "operator", (_row(one, item.models, item.alone, f"<code>{escaped_html(item.op)}</code>") for item in operators)
        )
    causes = one.ranked_causes()[:most]
    yield _table("cause", (_row(one, cause.models, cause.alone, _told(registry, cause)) for cause in causes))


def _table(what: str, rows: Iterator[str]) -> str:
    head = f'<tr><th class="number">models</th><th class="number">alone</th><th></th><th>{what}</th></tr>'
    return f"<table>{head}{''.join(rows)}</table>"


def _row(one: TargetTally, models: set[int], alone: set[int], content: str) -> str:
    meter = f'<meter max="{one.held_back}" value="{len(models)}"></meter>'
    numbers = f'<td class="number">{len(models)}</td><td class="number">{len(alone)}</td>'
    return f'<tr>{numbers}<td class="share">{meter}</td><td>{content}</td></tr>'


def _told(registry: Registry, cause: Cause) -> str:
    """Return a cause with its fix and some models."""
    fix = f"<br>fix: <code>{escaped_html(cause.fix)}</code>" if cause.fix else ""
    named = ", ".join(f"<code>{escaped_html(name)}</code>" for name in registry.names(cause.models, EXAMPLES))
    more = f" and {len(cause.models) - EXAMPLES} more" if len(cause.models) > EXAMPLES else ""
    return f"{cause.code} {cause.name}: {escaped_html(cause.message)}{fix}<br><small>in {named}{more}</small>"
