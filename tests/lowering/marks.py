"""The marks in the programs: which ONNX operators a line of Python makes, as its author sees it.

`# makes: Conv, Relu` stands at the end of the line; a line of its own, `# also makes: Pad`, adds to the line below it.
"""

from __future__ import annotations

import re
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
NAMES = tuple(sorted(path.stem for path in PROGRAMS.glob("*.py")))
MARK = re.compile(r"# (?P<also>also )?makes: (?P<ops>[\w, ]+)$")


def marks(name: str) -> dict[int, frozenset[str]]:
    """The operators marked on each line of a program, by line number counted from 1."""
    found: dict[int, frozenset[str]] = {}
    carried: frozenset[str] = frozenset()
    for number, text in enumerate((PROGRAMS / f"{name}.py").read_text("utf-8").splitlines(), 1):
        if match := MARK.search(text):
            ops = frozenset(match["ops"].replace(",", " ").split())
            if match["also"]:
                carried |= ops
                continue
            found[number] = ops | carried
        assert match is None or ops, f"{name}.py:{number} has an empty mark"
        assert match is not None or not carried, f"{name}.py:{number} ought to carry the mark begun above it"
        carried = frozenset()
    return found
