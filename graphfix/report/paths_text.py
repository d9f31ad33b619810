"""The conversion paths of a source in the terminal: a table of exporters by targets, blocking causes, and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from graphfix.lowering.paths.model import BlockingCause, ConversionPath, ConversionPaths, ExportState, Means
from graphfix.report.page import Page, Span
from graphfix.report.paragraphs import NO_LIMIT, clipped, wrapped

STYLES = {
    Means.AS_IS: "bold green",
    Means.EXACT: "green",
    Means.APPROXIMATE: "yellow",
    Means.INTERFACE: "yellow",
    Means.UNKNOWN: "magenta",
    Means.NONE: "bold red",
}
GAP = 2
CAUSES, PLACES, LINES = 2, 2, 3
"""What is shown of a path without --full: blocking causes, places of one, lines of its message."""


def render_paths(found: ConversionPaths, out: TextIO, *, full: bool = False) -> None:
    """Write the table, then why targets are not reached, what rewriting did, and the commands to repeat the paths."""
    page = Page(out)
    reached, total = len(found.reached), len(found.targets)
    head = f"{reached} of {total} target{'s are' if total > 1 else ' is'} reached"
    page.line((found.source, "bold"), f" ({found.title}{f', {found.by}' if found.by else ''}): ",
              (head, "bold green" if reached == total else "bold red" if not reached else "bold yellow"))  # fmt: skip
    page.line()
    _table(page, found)
    for title, lines in (("in the way", _blockers(found, page.width, full=full)), ("rewritten", _rewritten(found, page.width)),
                         ("to take them", _commands(found))):  # fmt: skip
        block = list(lines)
        if block:
            page.line()
            page.line((title, "bold"))
            for line in block:
                page.line(*line)


def _table(page: Page, found: ConversionPaths) -> None:
    table = found.rows()
    first = max(len("exporter"), *(len(name) for name, _ in table))
    room = (page.width - first) // max(1, len(found.targets)) - GAP
    rows = [["-" if path is None else _fitting(cell(path), room) for path in paths] for _, paths in table]
    columns = [
        max(len(target), *(len(row[at]) for row in rows)) if rows else len(target) for at, target in enumerate(found.targets)
    ]
    gap = " " * GAP
    heads = (gap + name.ljust(width) for name, width in zip(found.targets, columns, strict=True))
    page.line(("exporter".ljust(first) + "".join(heads).rstrip(), "bold"))
    for (name, paths), row in zip(table, rows, strict=True):
        spans: list[Span] = [name.ljust(first)]
        for target, path, text, width in zip(found.targets, paths, row, columns, strict=True):
            padding = "" if target == found.targets[-1] else " " * (width - len(text))
            spans.append((gap + text + padding, "dim" if path is None else STYLES[path.means]))
        page.line(*spans)


def _fitting(texts: Sequence[str], room: int) -> str:
    """Return the first wording that fits into `room` characters; where none does, the last one, clipped."""
    return next((text for text in texts if len(text) <= room), clipped(texts[-1], room))


def cell(path: ConversionPath) -> list[str]:
    """Return wordings of a path for a table cell, the longest first."""
    if path.start.state is ExportState.MISSING:
        return ["not installed", "missing"]
    if path.start.state is ExportState.FAILS:
        return ["conversion fails", "fails"] if path.start.only else ["export fails", "no export"]
    if path.start.state is ExportState.DIFFERS:
        return ["differs"]
    times = sum(one.times for one in path.rewrites if one.safety != "interface")
    contradicted = path.compiler is not None and path.compiler["accepted"] != (path.compiler["predicted"] == "accepted")
    verdict_note = ", says the compiler" if contradicted else ""
    if path.means is Means.AS_IS:
        return [f"as it is{verdict_note}", "as it is"]
    if path.means is Means.EXACT:
        return [f"exact rewrites ({times}){verdict_note}", f"exact rewrites ({times})", f"exact ({times})"]
    if path.means is Means.APPROXIMATE:
        return [f"approximate ({_error_text(path.error)})", f"approx. {_error_text(path.error)}", "approx."]
    if path.means is Means.INTERFACE:
        return [*([f"fixed sizes and {times} rewrites"] if times > 1 else []), "fixed sizes", "sizes"]
    word = "no" if path.means is Means.NONE else "undecided"
    if not path.remaining_causes:
        return [f"{word}: {path.note}", f"{word}, see below", word] if path.note else [word]
    about = path.remaining_causes[0].finding
    named = f"{word}: {about.code} {about.op}".rstrip()
    location = about.source.spot if about.source is not None else ""
    return [*([f"{named} ({location})"] if location else []), named, f"{word}: {about.code}"]


def _error_text(error: float | None) -> str:
    return "?" if error is None else f"{error:.2g}"


def _blockers(found: ConversionPaths, width: int, *, full: bool) -> Iterator[list[Span]]:
    """Yield the lines on failures: one entry for an exporter without a verified model, else one for each target not reached."""
    for start in found.starts:
        if start.state is not ExportState.GOOD:
            location = f" ({start.location})" if start.location else ""
            cure = f"; {start.cure}" if start.cure else ""
            title = f"{start.exporter} to {start.only}" if start.only else start.exporter
            yield from _entry(title, f"{start.reason}{location}{cure}", width, NO_LIMIT if full else LINES, "bold red")
            continue
        for path in found.paths:
            if path.start is start and not path.means.reaches_target:
                yield from _entry(f"{start.exporter} to {path.judge}", path.note, width, NO_LIMIT, STYLES[path.means])
                shown = path.remaining_causes if full else path.remaining_causes[:CAUSES]
                for one in shown:
                    yield from _blocking_cause(one, width, full=full)
                if path.hint:
                    yield [("    perhaps with ", "dim"), path.hint]
                if len(shown) < len(path.remaining_causes):
                    yield [f"    and {len(path.remaining_causes) - len(shown)} more; show them with --full"]


def _blocking_cause(one: BlockingCause, width: int, *, full: bool) -> Iterator[list[Span]]:
    about = one.finding
    for at, line in enumerate(wrapped(f"{about.code} {about.name}  {about.message}", width - 8, NO_LIMIT if full else LINES)):
        yield [("    " if not at else "      ") + line]
    places = [place for place in one.places if place]
    if places:
        few = len(places) if full else PLACES if len(", ".join(places[:PLACES])) < width - 24 else 1
        rest = f" and {len(places) - few} more" if few < len(places) else ""
        text = ", ".join(places[:few])
        yield [("      at ", "dim"), (text if full else clipped(text, width - 12 - len(rest))) + rest]


def _rewritten(found: ConversionPaths, width: int) -> Iterator[list[Span]]:
    """Yield the rewrites of each path that reaches its target, with the errors measured."""
    for path in found.paths:
        if path.means.reaches_target and path.means is not Means.AS_IS:
            done = ", ".join(f"{one.rewrite}{f' x{one.times}' if one.times > 1 else ''}" for one in path.rewrites)
            errors = [f"error {_error_text(path.error)}"]
            if path.end_error is not None and path.start.feeds is not None:
                errors.append(f"{_error_text(path.end_error)} against the framework")
            yield from _entry(f"{path.start.exporter} to {path.target}", f"{done}; {', '.join(errors)}", width, LINES, "")


def _commands(found: ConversionPaths) -> Iterator[list[Span]]:
    """Yield for each target that is reached the command of its best path."""
    for target in found.targets:
        path = found.best(target)
        if path.means.reaches_target:
            yield [f"  {target:<{max(map(len, found.targets))}}  ", (path.command, "")]


def _entry(title: str, text: str, width: int, most: int, style: str) -> Iterator[list[Span]]:
    """Yield a title with its text, on the same line where both fit, else on the following lines."""
    if not text:
        yield [(f"  {title}", style)]
        return
    first, *rest = wrapped(text, width - len(title) - 5, most)
    if rest:
        yield [(f"  {title}", style)]
        for line in wrapped(text, width - 5, most):
            yield ["    " + line]
    else:
        yield [(f"  {title}", style), f"  {first}"]
