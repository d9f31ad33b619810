"""The keys of `[tool.graphfix]`: their meaning, their allowed values, and the JSON schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from graphfix.errors import nearest
from graphfix.ir.records import dataclass
from graphfix.linter.formats import FORMATS

SEVERITIES = ("error", "warning", "note")
SAFETIES = ("approximate", "interface")
Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: `form` is the JSON schema of its value, `wanted` the same in words.

    `per_model` tells that a section for some models may set it as well.
    """

    about: str
    wanted: str
    form: Shape = field(default_factory=dict)
    per_model: bool = False


def _word(*choices: str) -> Shape:
    return {"type": "string", "enum": list(choices)} if choices else {"type": "string", "pattern": "\\S"}


def _list(item: Shape) -> Shape:
    return {"type": "array", "items": item}


def _table(item: Shape) -> Shape:
    return {"type": "object", "additionalProperties": item}


DIMS = _list({"type": ["integer", "string"]})
NUMBER = {"type": "number", "minimum": 0}
SUPPRESSION: Mapping[str, Setting] = {
    "code": Setting("the code or name of the finding", "a word", _word()),
    "reason": Setting("why it does not count, for whoever reads this next", "a sentence", _word()),
    "target": Setting("the target it is for; all without it", "a word", _word()),
    "model": Setting("a glob over models' paths from this file's folder; all without it", "a word", _word()),
    "node": Setting("a glob over nodes' names or their paths `scope / node`; all without it", "a word", _word()),
    "op": Setting("the operator it is for; all without it", "a word", _word()),
}
"""The keys of a `[[tool.graphfix.suppress]]` section."""
NEEDED = ("code", "reason")
SETTINGS: Mapping[str, Setting] = {
    "targets": Setting("the targets, each optionally with @VERSION", "a list of words", _list(_word()), True),
    "select": Setting("the only findings that count: codes, names, or prefixes such as GF1", "a list of words", _list(_word())),
    "ignore": Setting("findings that are not looked for: codes, names, or prefixes", "a list of words", _list(_word())),
    "severity": Setting("other severities, by code, name or prefix", "error, warning or note", _table(_word(*SEVERITIES))),
    "fail-on": Setting("the least severity that gives exit code 1", "a word", _word(*SEVERITIES, "undecided", "never")),
    "output-format": Setting("how lint prints its report", "a word", _word(*FORMATS)),
    "baseline": Setting("the file of findings that are known and do not count, from this file's folder", "a path", _word()),
    "shapes": Setting("dims by input: sizes, or symbols that stay dynamic", "a table of lists", _table(DIMS), True),
    "values": Setting("constants that inputs are bound to, by input name", "a table", {"type": "object"}, True),
    "allow": Setting("safety classes that fix may use beside exact", "a list of words", _list(_word(*SAFETIES)), True),
    "rtol": Setting("relative tolerance on outputs, instead of each rewrite's own", "a number", NUMBER, True),
    "atol": Setting("absolute tolerance on outputs, instead of each rewrite's own", "a number", NUMBER, True),
    "suppress": Setting("findings that are known and do not count, each with its reason", "a list of tables"),
    "models": Setting("settings for some models, by a glob over their paths from this file's folder", "a table of tables"),
}  # fmt: skip
"""The keys of `[tool.graphfix]`."""


def schema() -> dict[str, Any]:
    """Return the JSON schema of `[tool.graphfix]`, which is also that of graphfix.toml."""
    forms = {name: _form(setting) for name, setting in SETTINGS.items()}
    section = {name: forms[name] for name, setting in SETTINGS.items() if setting.per_model}
    forms["suppress"] |= {"type": "array", "items": _object({k: _form(s) for k, s in SUPPRESSION.items()}, required=list(NEEDED))}
    forms["models"] |= _table(_object(section))
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "graphfix settings"}
    return head | _object(forms)


def _form(setting: Setting) -> dict[str, Any]:
    return {"description": setting.about, **setting.form}


def _object(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


def fault(value: Any, form: Shape) -> str | None:
    """Return what is wrong with a value by the JSON schema keywords that are used here; None when it is valid."""
    kinds = form.get("type", ())
    if kinds and not any(_is(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return f"{value!r}"
    if "enum" in form and value not in form["enum"]:
        return f"`{value}`, {nearest(str(value), form['enum'])}"
    if "pattern" in form and not value.strip():
        return "empty"
    if "minimum" in form and value < form["minimum"]:
        return f"{value}, less than {form['minimum']}"
    if "items" in form:
        return next((problem for item in value if (problem := fault(item, form["items"]))), None)
    if isinstance(form.get("additionalProperties"), Mapping):
        return next(
            (f"{key} = {problem}" for key, item in value.items() if (problem := fault(item, form["additionalProperties"]))),
            None,
        )
    return None


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return False
    kinds: dict[str, Any] = {"string": str, "array": list, "object": dict, "integer": int, "number": (int, float)}
    return isinstance(value, kinds[kind])
