"""The pages that follow from the registries: a finding, a rewrite and a target each; a hook of MkDocs.

Nothing is copied by hand: the texts are docstrings, examples and support tables. The pages of commands and settings are written,
and get the tables of their options and keys from the parser and the schema.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.cli import app as cli
from graphfix.linter.check import checks
from graphfix.linter.codes import Code, codes
from graphfix.linter.config_schema import SETTINGS, SUPPRESSION, Setting
from graphfix.linter.support import VERDICTS, operators, support
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Case, Rewrite
from graphfix.tables.table import Table, table
from graphfix.tables.versions import measured_versions, targets

ROOT = Path(__file__).parent.parent
MOST = 6
"""Conditions shown of an operator in a target's table."""
SORTS = {
    "rejects": "rejected", "wrong": "computes something else", "exception": "one form rejected", "fallback": "run on a fallback",
}  # fmt: skip
SECTIONS = {"findings": "Findings", "rewrites": "Rewrites", "targets": "Targets", "commands": "Commands"}
FAMILIES = {
    "GF1": "Compatibility",
    "GF2": "Structure",
    "GF3": "Numerics",
    "GF4": "Performance",
    "GF5": "Source",
    "GF6": "Interface",
    "GF9": "graphfix itself",
}


@functools.cache
def pages() -> dict[str, str]:
    """Every generated page by its path in the site's sources."""
    found = {
        "index.md": _front((ROOT / "README.md").read_text("utf-8")),
        "settings.md": "\n".join([_written("settings.md"), *_settings()]),
    }
    found["CONTRIBUTING.md"] = _front((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    found["changelog.md"] = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found |= {f"findings/{code.code}.md": "\n".join(_finding(code)) for code in codes().values()}
    found |= {f"rewrites/{rewrite.name}.md": "\n".join(_rewrite(rewrite)) for rewrite in registry().values()}
    found |= {f"targets/{target}.md": "\n".join(_target(table(target))) for target in targets()}
    found |= {f"commands/{name}.md": text for name, text in _commands()}
    return found | {f"{section}/index.md": "\n".join(_index(section)) for section in SECTIONS}


def on_config(config: Any) -> Any:
    """Order the navigation: the written pages, and among them a section for each registry."""
    names = sorted(pages())
    sections = {
        title: [f"{section}/index.md", *(name for name in names if re.fullmatch(rf"{section}/(?!index\.).*", name))]
        for section, title in SECTIONS.items()
    }
    commands = [f"commands/{name}.md" for name in cli.COMMANDS]  # in the order of `graphfix --help`
    config.nav = [
        {"Home": ["index.md", "install.md", "trust.md"]},
        {"Tutorial": [f"tutorial/{name}.md" for name in ("index", "ios", "android", "jetson", "intel", "rust")]},
        {"Commands": ["commands/index.md", *commands]},
        {
            "Guides": [
                "lowering.md",
                "precision.md",
                "size.md",
                "ci.md",
                "mlkit.md",
                "executorch.md",
                "editors.md",
                "page.md",
                "json.md",
                "registries.md",
                "settings.md",
            ]
        },
        *({title: listed} for title, listed in sections.items() if title != SECTIONS["commands"]),
        {"Project": ["architecture.md", "CONTRIBUTING.md", "changelog.md"]},
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to the site; those that are written and completed take the place of the file."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        if (written := files.get_file_from_path(path)) is not None:
            files.remove(written)
        files.append(File.generated(config, path, content=text))
    return files


def prose(text: str) -> str:
    """A docstring as Markdown: its `Why:` and its like paragraphs of their own, what is no code kept from being markup."""
    text = re.sub(r"\n(?=(?:Why|Example|Instead|Exact|Cost|Not|Note)\b[^\n:]{0,20}: )", "\n\n", inspect.cleandoc(text))
    blocks = re.split(r"\n\s*\n", text)
    return "\n\n".join(re.sub(r"^([A-Z][a-z]+): ", r"**\1:** ", plain(" ".join(block.split()))) for block in blocks)


def plain(text: str) -> str:
    """A sentence whose words in backticks are code, and in which nothing else is markup."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([\\*_\[\]<>|`])", r"\\\1", text)
    return "`".join(part if at % 2 else re.sub(r"([\\*_\[\]<>|])", r"\\\1", part) for at, part in enumerate(parts))


def cell(text: str) -> str:
    """A sentence that fits a table's cell."""
    return plain(" ".join(text.split())).replace("|", "\\|").replace("\\\\|", "\\|")


def code(text: str) -> str:
    """A block of code."""
    return f"```text\n{inspect.cleandoc(text)}\n```"


def _front(readme: str) -> str:
    return re.sub(r"\]\(docs/", "](", readme)


def _written(path: str) -> str:
    return (ROOT / "docs" / path).read_text("utf-8")


def _finding(found: Code) -> Iterator[str]:
    yield f"# {found.code} {found.name}\n"
    yield f"Usual severity: **{found.severity.value}**. Family: {FAMILIES[found.code[:3]]}.\n"
    yield f"{prose(found.about)}\n"
    for check in checks():
        if check.code != found.code:
            continue
        for title, examples in (("Reported", check.invalid), ("Not reported", check.valid)):
            if examples:
                yield f"## {title}\n"
            for example in examples:
                yield f"{code(example.text)}\n"
                yield f"It says: {plain(example.says)}\n" if example.says else ""


def _rewrite(rewrite: Rewrite) -> Iterator[str]:
    yield f"# {rewrite.name}\n"
    needs = f", needs opset {rewrite.needs_opset}" if rewrite.needs_opset > 1 else ""
    yield f"Safety: **{rewrite.safety.value}**{needs}.\n"
    yield f"{prose(inspect.getdoc(type(rewrite)) or '')}\n"
    if rewrite.rtol or rewrite.atol:
        yield f"Outputs may differ by {rewrite.atol:g} + {rewrite.rtol:g} × |value|; what they do differ by is reported.\n"
    if rewrite.fixes:
        yield "## What it fixes\n"
        yield from dict.fromkeys(f"- {_cure(cure.op, cure.kinds, cure.codes)}" for cure in rewrite.fixes)
        yield ""
    if rewrite.before and rewrite.after:
        yield f"## Algebra\n\nBefore:\n\n{code(rewrite.before)}\n\nAfter:\n\n{code(rewrite.after)}\n"
    yield from _cases("Fires on", rewrite.fires)
    yield from _cases("Declines", rewrite.declines)


def _cure(op: str, kinds: Sequence[str], found: Sequence[str]) -> str:
    subject = "any operator" if op == "*" else f"`{op}`" if op else "the model as a whole"
    links = ", ".join(f"[{each}](../findings/{each}.md)" for each in found if each in codes())
    return subject + (f", rejected for its {' or '.join(kinds)}" if kinds else "") + (f" ({links})" if links else "")


def _cases(title: str, cases: Sequence[Case]) -> Iterator[str]:
    if cases:
        yield f"## {title}\n"
    for case in cases:
        yield f"{code(case.text)}\n"
        if case.because:
            yield f"Because: {plain(case.because)}\n"
        elif case.ops and case.ops != ("*",):
            yield f"Leaves: {', '.join(f'`{op}`' for op in case.ops)}\n"


def _target(rules: Table) -> Iterator[str]:
    note, install, versions = rules.about["note"], rules.about["install"], ", ".join(measured_versions(rules.target))
    names = [name for name in operators([rules]) if not name.startswith("@")]
    found = [support(name, rules) for name in names]
    yield "---\nhide:\n  - toc\n---\n"  # leaves its place to the table
    yield f"# {rules.title}\n"
    yield f"`--target {rules.target}` uses version {rules.version}. {plain(note)}\n"
    if rules.preview:
        yield f"It is a preview, which is in no group of targets: it {rules.preview}.\n"
    yield f"To ask the compiler itself: `{install}`. Measured versions: {versions}.\n"
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in VERDICTS}
    taken = ", ".join(f"{count} {VERDICTS[verdict]}" for verdict, count in counts.items() if count)
    yield f"{len(found)} operators were measured: {taken}.\n"
    asked, slow = sum(one.placed is not None for one in found), sum(bool(one.slow) for one in found)
    counted = f" {asked} operators were asked about; {slow} run on a fallback in some form." if asked else ""
    why = plain(rules.about.get("placement" if asked else "unplaced", ""))
    yield f"What runs a node was {'measured' if asked else '**not** measured'}: {why}{counted}\n"
    yield "| operator | supported | rejected, computed otherwise, or run slowly | what fixes it |"
    yield "|---|---|---|---|"
    for one in found:
        told = list(dict.fromkeys(f"{SORTS[each.sort]}: {each.words or 'always'}" for each in (*one.statements, *one.slow)))
        lines = [cell(line) for line in told[:MOST]] + ([f"and {len(told) - MOST} more"] if len(told) > MOST else [])
        fixes = dict.fromkeys(s.fix.name for s in one.statements if s.fix is not None and s.fix.name in registry())
        links = ", ".join(f"[{name}](../rewrites/{name}.md)" for name in fixes)
        yield f"| `{one.name}` | {VERDICTS[one.verdict]} | {'<br>'.join(lines)} | {links} |"
    yield f"\n`graphfix explain {rules.target} {names[0]}` shows all of it, with the evidence in the compiler's own words."


def _settings() -> Iterator[str]:
    yield "\n## Keys\n"
    yield from _keys(SETTINGS)
    yield "\n## Suppressions\n\nThe keys of a `[[tool.graphfix.suppress]]` table.\n"
    yield from _keys(SUPPRESSION)


def _keys(settings: Mapping[str, Setting]) -> Iterator[str]:
    yield "| key | meaning | form | in a section for some models |"
    yield "|---|---|---|---|"
    for name, setting in settings.items():
        yield f"| `{name}` | {cell(setting.about)} | {cell(setting.wanted)} | {'yes' if setting.per_model else ''} |"


def _commands() -> Iterator[tuple[str, str]]:
    (commands,) = (action for action in cli.build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, sub in commands.choices.items():
        yield name, "\n".join([_written(f"commands/{name}.md"), *_options(sub)])


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The tables of a command's arguments, one for each group of its help."""
    formatter = parser._get_formatter()
    yield "\n## Arguments and options"
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.help not in (None, argparse.SUPPRESS)]
        actions = [action for action in actions if not isinstance(action, argparse._HelpAction)]
        if not actions:
            continue
        if group.title not in ("positional arguments", "options"):
            yield f"\n### {str(group.title)[:1].upper()}{str(group.title)[1:]}"
            yield f"\n{cell(group.description)}" if group.description else ""
        yield "\n| | |\n|---|---|"
        for action in actions:
            value = formatter._metavar_formatter(action, action.dest)(1)[0] if action.nargs != 0 else ""
            spelled = [f"{option} {value}".strip() for option in action.option_strings] or [value]
            names = ", ".join(f"`{each}`" for each in spelled).replace("|", "\\|")
            yield f"| {names} | {cell(formatter._expand_help(action))} |"


def _index(section: str) -> Iterator[str]:
    yield f"# {SECTIONS[section]}\n"
    if section == "findings":
        for family, title in FAMILIES.items():
            yield f"\n## {title}\n\n| code | name | severity | |\n|---|---|---|---|"
            for one in codes().values():
                if one.code.startswith(family):
                    yield f"| [{one.code}]({one.code}.md) | {one.name} | {one.severity.value} | {cell(one.summary)} |"
    elif section == "rewrites":
        yield "| rewrite | safety | |\n|---|---|---|"
        for rewrite in registry().values():
            yield f"| [{rewrite.name}]({rewrite.name}.md) | {rewrite.safety.value} | {cell(rewrite.title)} |"
    elif section == "targets":
        yield "| target | compiler | version | |\n|---|---|---|---|"
        for rules in map(table, targets()):
            title, note = cell(rules.title), cell(str(rules.about["note"]))
            yield f"| [{rules.target}]({rules.target}.md) | {title} | {rules.version} | {note} |"
    else:
        yield "| command | |\n|---|---|"
        yield from (f"| [{name}]({name}.md) | {cell(text)} |" for name, text in cli.COMMANDS.items())
