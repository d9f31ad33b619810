"""The roads of a source in the terminal: exporters by targets, what stands in the way, and the commands to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from graphfix.report.page import Page, Span
from graphfix.report.paragraphs import NO_LIMIT, clipped, wrapped
from graphfix.roads import Map, Obstacle, Road, State, Way

STYLES = {
    Way.AS_IS: "bold green",
    Way.EXACT: "green",
    Way.APPROXIMATE: "yellow",
    Way.INTERFACE: "yellow",
    Way.UNKNOWN: "magenta",
    Way.NONE: "bold red",
}
GAP = 2
OBSTACLES, PLACES, LINES = 2, 2, 3
"""What is told of a road without --full: obstacles, places of one, lines of its message."""


def render_roads(found: Map, out: TextIO, *, full: bool = False) -> None:
    """Write the table, then what stands in the way of the roads that lead nowhere, what rewriting did, and the commands."""
    page = Page(out)
    reached, all_ = len(found.reached), len(found.targets)
    head = f"{reached} of {all_} target{'s are' if all_ > 1 else ' is'} reached"
    page.line((found.source, "bold"), f" ({found.title}{f', {found.by}' if found.by else ''}): ",
              (head, "bold green" if reached == all_ else "bold red" if not reached else "bold yellow"))  # fmt: skip
    page.line()
    _table(page, found)
    for title, lines in (("in the way", _obstructed(found, page.width, full=full)), ("rewritten", _rewritten(found, page.width)),
                         ("to take them", _taken(found))):  # fmt: skip
        told = list(lines)
        if told:
            page.line()
            page.line((title, "bold"))
            for line in told:
                page.line(*line)


def _table(page: Page, found: Map) -> None:
    first = max(len("exporter"), *(len(start.exporter) for start in found.starts))
    room = (page.width - first) // max(1, len(found.targets)) - GAP
    rows = [[_fitting(cell(found.road(start, target)), room) for target in found.targets] for start in found.starts]
    columns = [
        max(len(target), *(len(row[at]) for row in rows)) if rows else len(target) for at, target in enumerate(found.targets)
    ]
    gap = " " * GAP
    heads = (gap + name.ljust(width) for name, width in zip(found.targets, columns, strict=True))
    page.line(("exporter".ljust(first) + "".join(heads).rstrip(), "bold"))
    for start, row in zip(found.starts, rows, strict=True):
        spans: list[Span] = [start.exporter.ljust(first)]
        for target, text, width in zip(found.targets, row, columns, strict=True):
            padding = "" if target == found.targets[-1] else " " * (width - len(text))
            spans.append((gap + text + padding, STYLES[found.road(start, target).way]))
        page.line(*spans)


def _fitting(texts: Sequence[str], room: int) -> str:
    """The longest of several wordings for which there is room; the shortest, clipped, where there is for none."""
    return next((text for text in texts if len(text) <= room), clipped(texts[-1], room))


def cell(road: Road) -> list[str]:
    """A road in a few words, the fullest wording first."""
    if road.start.state is State.FAILS:
        return ["export fails", "no export"]
    if road.start.state is State.DIFFERS:
        return ["differs"]
    times = sum(one.times for one in road.rewrites if one.safety != "interface")
    contradicted = road.compiler is not None and road.compiler["accepted"] != (road.compiler["predicted"] == "accepted")
    by = ", says the compiler" if contradicted else ""
    if road.way is Way.AS_IS:
        return [f"as it is{by}", "as it is"]
    if road.way is Way.EXACT:
        return [f"exact rewrites ({times}){by}", f"exact rewrites ({times})", f"exact ({times})"]
    if road.way is Way.APPROXIMATE:
        return [f"approximate ({_error(road.error)})", f"approx. {_error(road.error)}", "approx."]
    if road.way is Way.INTERFACE:
        return [*([f"fixed sizes and {times} rewrites"] if times > 1 else []), "fixed sizes", "sizes"]
    word = "no" if road.way is Way.NONE else "undecided"
    if not road.left:
        return [f"{word}: {road.note}", f"{word}, see below", word] if road.note else [word]
    about = road.left[0].finding
    named = f"{word}: {about.code} {about.op}".rstrip()
    place = about.source.spot if about.source is not None else ""
    return [*([f"{named} ({place})"] if place else []), named, f"{word}: {about.code}"]


def _error(error: float | None) -> str:
    return "?" if error is None else f"{error:.2g}"


def _obstructed(found: Map, width: int, *, full: bool) -> Iterator[list[Span]]:
    """What stands in the way: once for an exporter that gives nothing, else for each road that leads nowhere."""
    for start in found.starts:
        if start.state is not State.GOOD:
            place = f" ({start.place})" if start.place else ""
            cure = f"; {start.cure}" if start.cure else ""
            yield from _entry(start.exporter, f"{start.reason}{place}{cure}", width, NO_LIMIT if full else LINES, "bold red")
            continue
        for road in (found.road(start, target) for target in found.targets):
            if not road.way.leads:
                yield from _entry(f"{start.exporter} to {road.judge}", road.note, width, NO_LIMIT, STYLES[road.way])
                shown = road.left if full else road.left[:OBSTACLES]
                for one in shown:
                    yield from _obstacle(one, width, full=full)
                if road.hint:
                    yield [("    perhaps with ", "dim"), road.hint]
                if len(shown) < len(road.left):
                    yield [f"    and {len(road.left) - len(shown)} more; show them with --full"]


def _obstacle(one: Obstacle, width: int, *, full: bool) -> Iterator[list[Span]]:
    about = one.finding
    for at, line in enumerate(wrapped(f"{about.code} {about.name}  {about.message}", width - 8, NO_LIMIT if full else LINES)):
        yield [("    " if not at else "      ") + line]
    places = [place for place in one.places if place]
    if places:
        few = len(places) if full else PLACES if len(", ".join(places[:PLACES])) < width - 24 else 1
        rest = f" and {len(places) - few} more" if few < len(places) else ""
        text = ", ".join(places[:few])
        yield [("      at ", "dim"), (text if full else clipped(text, width - 12 - len(rest))) + rest]


def _rewritten(found: Map, width: int) -> Iterator[list[Span]]:
    for road in found.roads:
        if road.way.leads and road.way is not Way.AS_IS:
            done = ", ".join(f"{one.rewrite}{f' x{one.times}' if one.times > 1 else ''}" for one in road.rewrites)
            errors = [f"error {_error(road.error)}"]
            if road.end_error is not None and road.start.feeds is not None:
                errors.append(f"{_error(road.end_error)} against the framework")
            yield from _entry(f"{road.start.exporter} to {road.target}", f"{done}; {', '.join(errors)}", width, LINES, "")


def _taken(found: Map) -> Iterator[list[Span]]:
    """The command for each target by its easiest road; targets that share an ONNX file as it is share a line."""
    for target in found.targets:
        road = found.best(target)
        if road.way.leads:
            yield [f"  {target:<{max(map(len, found.targets))}}  ", (road.command, "")]


def _entry(title: str, text: str, width: int, most: int, style: str) -> Iterator[list[Span]]:
    """A title, and what is said of it on the same line or on the next ones."""
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
