"""Runs the commands of the documents, and writes what they print: `python docs/sessions.py` writes every document anew.

A block of `console` shows commands after `$ ` with the output below each. An indented line with `$ ` is a command whose output
is not shown. The commands of one document run in order in a copy of `fixtures/models`, as in the root of a clone.
`python docs/sessions.py --graphfix PROGRAM README.md` changes nothing: it runs them with an installed graphfix, and fails where
one does not end with 0 or 1, except those whose compiler or framework is not installed.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:    )?\$ (graphfix .+)$", re.MULTILINE)
MISSING = re.compile(r"is not installed|cannot be installed")
DEADLINE = 600
VARYING = [
    (re.compile(r"\d+(?:\.\d+)? s\b"), "N s"),
    (re.compile(r"\b\d+(?:\.\d+)?e-\d+"), "E"),
    (re.compile(r"(\s)0 (absolute|relative|of their scale)"), r"\1E \2"),
    (re.compile(r"\d+\.\d+ dB"), "D dB"),
    (re.compile(r"(?m)^( +file +).*$"), r"\1"),  # an exporter writes paths into the file
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\b\d+ probes?\b"), "N probes"),
]
"""What differs from one machine to the next, and with each measurement: times, errors of rounding, counts of probes."""
WRAPPED = re.compile(r"\n {10,}(?=\S)")
"""Where a line of a report continues: a time or an error that is one digit longer moves a word to the next line."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command, what it printed, and how it ended."""

    command: str
    printed: str
    code: int

    @property
    def missing(self) -> bool:
        """Whether it failed only since a compiler or framework is not installed."""
        return self.code == 2 and MISSING.search(self.printed) is not None


def documents() -> list[Path]:
    """The README, and the pages of the site, that show output."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if BLOCK.search(page.read_text("utf-8"))]


def commands(text: str) -> list[str]:
    """The commands of a document in order."""
    return COMMAND.findall(text)


def run(lines: Sequence[str], program: Sequence[str] = (sys.executable, "-m", "graphfix")) -> Iterator[Ran]:
    """Run commands one after the other in a fresh copy of the models, and yield what each printed."""
    with tempfile.TemporaryDirectory(prefix="graphfix-sessions-") as scratch:
        folder = Path(scratch, "graphfix")
        shutil.copytree(
            ROOT / "fixtures" / "models", folder / "fixtures" / "models", ignore=shutil.ignore_patterns("__pycache__")
        )
        env = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
        env |= {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        for line in lines:
            words = [*program, *shlex.split(line)[1:]]
            done = subprocess.run(
                words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=DEADLINE, check=False,
            )  # fmt: skip
            printed = "\n".join(each.rstrip() for each in done.stdout.splitlines())
            yield Ran(line, printed.replace(f"{folder}/", ""), done.returncode)


def filled(text: str, ran: Sequence[Ran]) -> str:
    """The document with what its commands printed, in order; a command that ends with 2 keeps what is shown."""
    left = list(ran)
    parts, end = list[str](), 0
    for block in BLOCK.finditer(text):
        left = left[len(commands(text[end : block.start()])) :]
        mine = commands(block[1])
        taken, left = left[: len(mine)], left[len(mine) :]
        shown = (
            block[1]
            if any(each.code == 2 for each in taken)
            else "".join(f"$ {each.command}\n{each.printed}\n" for each in taken)
        )
        parts += [text[end : block.start()], f"```console\n{shown}```"]
        end = block.end()
    return "".join([*parts, text[end:]])


def comparable(text: str) -> str:
    """The document without what differs from one machine to the next."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return WRAPPED.sub(" ", text)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the documents anew, or run their commands with an installed program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphfix", metavar="PROGRAM", help="change nothing, and run the commands with this program")
    parser.add_argument("pages", nargs="*", type=Path, help="all with output")
    given = parser.parse_args(argv)
    failed = 0
    for page in given.pages or documents():
        text = page.read_text("utf-8")
        if given.graphfix:
            for each in run(commands(text), [given.graphfix]):
                word = "passed" if each.code in (0, 1) else "not installed" if each.missing else "FAILED"
                print(f"{word:14}{each.command}" + (f"\n{each.printed}" if word == "FAILED" else ""))
                failed += word == "FAILED"
            continue
        ran = list(run(commands(text)))
        for each in ran:
            if each.code not in (0, 1):
                print(f"{page.name}: {each.command}\n{each.printed}", file=sys.stderr)
                failed += 1
        fresh = filled(text, ran)
        if comparable(fresh) != comparable(text):
            page.write_text(fresh, "utf-8")
            print(f"{page.name} was written")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
