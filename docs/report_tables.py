"""The tables of docs/json.md, from the JSON schema of reports: `python docs/report_tables.py` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("json.md")
SCHEMA = Path(__file__).parent.parent / "graphfix" / "report" / "report.schema.json"
HEAD = ["| key | type | meaning |", "|---|---|---|"]
MANY = {"string": "strings", "integer": "integers"}


def filled(page: str, schema: Mapping[str, Any]) -> str:
    """The page with the table under each heading that is a definition's title as the schema has it.

    Raises:
        KeyError: a definition has no table on the page, or a table is under a heading that is no definition's.
    """
    tables = {definition["title"]: list(rows(definition, schema)) for definition in schema["definitions"].values()}
    lines: list[str] = []
    title, within = "", False
    for line in page.splitlines():
        title = line.lstrip("# ") if line.startswith("#") else title
        if line == HEAD[0]:
            lines += [*HEAD, *tables.pop(title)]
        within = line == HEAD[0] or (within and line.startswith("|"))
        if not within:
            lines.append(line)
    if tables:
        raise KeyError(f"no table under a heading {', '.join(tables)}")
    return "\n".join(lines) + "\n"


def rows(definition: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """A row for each key of an object."""
    for key, held in definition["properties"].items():
        optional = "" if key in definition["required"] else ", optional"
        yield f"| `{key}` | {kind(held, schema)}{optional} | {held['description']} |"


def kind(held: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value is, in words: `null` for one that may be missing, a link for an object of its own."""
    if "$ref" in held:
        title = schema["definitions"][held["$ref"].rpartition("/")[2]]["title"]
        return f"[{title}](#{title.lower()})"
    if "anyOf" in held:
        return " or ".join(kind(each, schema) for each in held["anyOf"])
    if "enum" in held:
        return ", ".join("null" if each is None else f"`{each}`" for each in held["enum"])
    if "const" in held:
        return f"`{held['const']}`"
    if isinstance(held["type"], list):
        return " or ".join(held["type"])
    if held["type"] == "array":
        inner = kind(held["items"], schema)
        return f"list of {MANY.get(inner, inner)}"
    if held["type"] == "object":
        return f"{kind(held['additionalProperties'], schema)}, by name"
    return str(held["type"])


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8"), json.loads(SCHEMA.read_text("utf-8"))), "utf-8")
