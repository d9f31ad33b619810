"""Draws the session that the README shows as docs/session.svg, an animation of a terminal: `python docs/terminal.py`."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from sessions import BLOCK, ROOT

PICTURE = Path(__file__).with_name("session.svg")
COLUMNS = 100
CHAR, LINE, EDGE, BAR = 8.43, 19, 18, 34
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
TYPING, READING, LINES = 1.0, 7.0, 0.04
"""Seconds for typing a command, for reading what it printed, and between two lines of it."""
COLORS = [
    (re.compile(r"\brejected\b|^ +error\b"), "r"),
    (re.compile(r"\b(?:accepted|verified|applied|wrote)\b"), "g"),
    (re.compile(r"\bwarning\b"), "y"),
    (re.compile(r"(?<=try first ).*"), "c"),
    (re.compile(r"\bGF\d{3}\b"), "m"),
]
STYLE = """
text { font: 14px FONT; fill: #d7dde4; white-space: pre }
.p { fill: #7fd1b9 } .r { fill: #ff8a80 } .g { fill: #8fdc8f } .y { fill: #ffd479 } .c { fill: #8cc8ff } .m { fill: #d0b3ff }
"""


def scenes(text: str) -> list[tuple[str, list[str]]]:
    """The commands in blocks of `console`, each with the lines it printed."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(block[1] for block in BLOCK.finditer(text)).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].extend(folded(line))
    return found


def picture(text: str) -> str:
    """The animation as SVG; whoever prefers no motion sees the first command and its output."""
    shown = scenes(text)
    rows = max(len(wrapped(command)) + len(lines) for command, lines in shown)
    width, height = round(2 * EDGE + COLUMNS * CHAR), BAR + rows * LINE + EDGE
    lengths = [TYPING + LINES * len(lines) + READING for _, lines in shown]
    total = sum(lengths)
    style, body, start = STYLE.replace("FONT", FONT), list[str](), 0.0
    for at, ((command, lines), length) in enumerate(zip(shown, lengths, strict=True)):
        style += _frames(f"s{at}", start, start + length, total)
        body.append(f'<g class="s{at}">')
        y, typed = BAR + LINE, wrapped(command)
        for row, part in enumerate(typed):
            prompt = '<tspan class="p">$ </tspan>' if row == 0 else "  "
            name = f"s{at}t{row}"
            begin = start + TYPING * row / len(typed)
            style += _frames(name, begin, start + length, total)
            body.append(f'<text class="{name}" x="{EDGE}" y="{y}">{prompt}{html.escape(part, quote=False)}</text>')
            y += LINE
        for row, line in enumerate(lines):
            name = f"s{at}l{row}"
            style += _frames(name, start + TYPING + LINES * row, start + length, total)
            body.append(f'<text class="{name}" x="{EDGE}" y="{y}">{colored(line)}</text>')
            y += LINE
        body.append("</g>")
        start += length
    still = "".join(f".s{at} {{ display: none }} " for at in range(1, len(shown)))
    style += f"@media (prefers-reduced-motion: reduce) {{ g, text {{ animation: none !important; opacity: 1 }} {still}}}\n"
    title = html.escape("A terminal: " + "; ".join(command for command, _ in shown))
    dots = "".join(
        f'<circle cx="{EDGE + 4 + 20 * at}" cy="17" r="5.5" fill="{color}"/>'
        for at, color in enumerate(("#ff6f66", "#ffc04d", "#5ccf6a"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n"
        f'<rect width="{width}" height="{height}" rx="10" fill="#14191f"/>{dots}\n' + "\n".join(body) + "\n</svg>\n"
    )


def wrapped(command: str) -> list[str]:
    """A command in lines that fit, broken before its options."""
    lines = [""]
    for word in re.split(r" (?=-)", command):
        if lines[-1] and len(lines[-1]) + len(word) > COLUMNS - 6:
            lines[-1] += " \\"
            lines.append("  " + word)
        else:
            lines[-1] += (" " if lines[-1] else "") + word
    return lines


def folded(line: str) -> Iterator[str]:
    """A printed line in lines that fit; those that continue it are indented like its text."""
    margin = " " * 12
    while len(line) > COLUMNS:
        end = line.rfind(" ", len(margin), COLUMNS + 1)
        end = COLUMNS if end < 0 else end
        yield line[:end]
        line = margin + line[end:].lstrip()
    yield line


def colored(line: str) -> str:
    """A line with its decisive words in color."""
    return "".join(
        f'<tspan class="{kind}">{html.escape(part, quote=False)}</tspan>' if kind else html.escape(part, quote=False)
        for part, kind in pieces(line)
    )


def pieces(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a line with the class of each, empty for plain text."""
    found = sorted((match.start(), match.end(), kind) for pattern, kind in COLORS for match in pattern.finditer(line))
    end = 0
    for start, stop, kind in found:
        if start >= end:
            yield line[end:start], ""
            yield line[start:stop], kind
            end = stop
    yield line[end:], ""


def _frames(name: str, begin: float, end: float, total: float) -> str:
    """The rule that shows elements of a class from one second of the loop to another."""
    on, off = 100 * begin / total, 100 * end / total
    frames = f"0%{{opacity:{int(begin == 0)}}}{on:.3f}%{{opacity:1}}{off:.3f}%,100%{{opacity:{int(end >= total)}}}"
    return f"@keyframes {name}{{{frames}}} .{name}{{animation:{name} {total:.2f}s step-end infinite}}\n"


if __name__ == "__main__":
    PICTURE.write_text(picture((ROOT / "README.md").read_text("utf-8")), "utf-8")
