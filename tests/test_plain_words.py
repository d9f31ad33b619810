"""Every text that a person reads uses plain technical English: none of the words that readers stumbled over."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphfix.linter.codes import codes
from graphfix.rewriting.registry import registry

ROOT = Path(__file__).resolve().parent.parent
BANNED = {
    r"hang(s|ing)? (on|together)": "depend on",
    r"mend(s|ed|ing)?": "fix",
    r"cure[sd]?": "fix",
    r"roads?": "conversion path",
    r"spoil(ed|s|t)": "deliberately wrong",
    r"(un)?lawful|laws": "valid, constraints",
    r"withdrawn": "skipped, undone",
    r"in (its|their) stead": "instead",
    r"islands?": "partitions",
    r"taken (apart|by|in)|(was|were|are|is) taken": "supported, accepted",
    r"tells? (of|it|all|what|the|where)|told": "shows, reports",
    r"yours to \w+": "needs a value",
    r"refuse[sd]?": "rejected",
    r"(can(not)? be )?found out|find out rather": "detected",
    r"speaks on|silent on": "reported, not reported",
    r"judged?|judges|judging": "lint, decide",
    r"(free|open) dims?": "dynamic dims",
    r"(compilers?|targets?) takes?": "support",
    r"gravest|heed(s|ed)?|likely lent|born": "plain words",
}
"""Patterns of words, with what to write instead."""
FORBIDDEN = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)
KEYS = re.compile(r"[\w.:@-]+")
"""A text of one word is a key of JSON or of a table, and stays as it is."""
CONDITIONS = {"graphfix/tables/phrases.py", "graphfix/linter/support.py", "graphfix/linter/check.py"}
"""The modules with the phrases for conditions of tables, which have a test of their own."""
SCRIPTS = {"graphfix/cli/completion.py"}
"""Shell code that is not read by people."""
CODE = re.compile(r"```[\s\S]*?```|`[^`\n]*`|^    \S.*$|\]\([^)]*\)", re.MULTILINE)


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of the strings that are statements."""
    bodies = (body for node in ast.walk(tree) if isinstance(body := getattr(node, "body", None), list))
    return {id(item.value) for body in bodies for item in body if isinstance(item, ast.Expr)}


def printed_strings() -> Iterator[tuple[str, str]]:
    """The place and text of every string constant that may be printed."""
    for path in sorted((ROOT / "graphfix").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in CONDITIONS | SCRIPTS:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                text = re.sub(r"`[\w-]+`", "", node.value).strip()
                if text and not KEYS.fullmatch(text):
                    yield f"{name}:{node.lineno}", text


def pages() -> list[Path]:
    """The documents for users, and the texts of the pages that are written."""
    return [
        ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "action.yml", *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "graphfix" / "report" / "web").glob("*.html")),
    ]  # fmt: skip


def offences(text: str) -> list[str]:
    return [match.group() for match in FORBIDDEN.finditer(text)]


def test_printed_strings_use_plain_words() -> None:
    found = [f"{place}: `{word}` in {text[:120]!r}" for place, text in printed_strings() for word in offences(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_documents_use_plain_words(path: Path) -> None:
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    if path.suffix == ".yml":
        text = "\n".join(re.findall(r"^\s*(?:- )?(?:name|description): (.*)$", text, re.MULTILINE))
    if path.suffix == ".html":
        text = re.sub(r"<[^>]*>", " ", text)
    assert not offences(text)


def test_what_explain_prints_uses_plain_words() -> None:
    texts = {code: info.about for code, info in codes().items()}
    texts |= {name: inspect.getdoc(type(rewrite)) or "" for name, rewrite in registry().items()}
    found = [f"{name}: `{word}`" for name, text in texts.items() for word in offences(CODE.sub("", text))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["all 2 Ifs hang on input", "withdrawn: cures nothing", "4 nodes are taken, in 2 islands"])
def test_the_former_words_are_noticed(text: str) -> None:
    assert offences(text)
