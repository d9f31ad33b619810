"""Shell completion: the commands and arguments in the argparse tree, and completion scripts for bash, zsh and fish."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from graphfix.ir.records import dataclass

SHELLS = ("bash", "zsh", "fish")
FILE_ARGUMENTS = frozenset({"path", "paths", "model", "folder"})
"""Positional arguments that are files."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An option with its spellings, or a positional argument, which has none.

    `words` are the known values, `files` tells whether the value may be any file, `takes_value` whether there is a value.
    """

    spellings: tuple[str, ...]
    help_text: str
    words: tuple[str, ...] = ()
    files: bool = False
    takes_value: bool = False


Tree = Mapping[str, tuple[str, Sequence[Argument]]]
"""The commands, each with its help text and its arguments."""


def tree(parser: argparse.ArgumentParser) -> Tree:
    """Return the commands of a parser and their arguments."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    help_text = {action.dest: action.help or "" for action in commands._choices_actions}
    known_values = _known_values()
    return {
        name: (help_text.get(name, ""), [_argument(action, known_values) for action in sub._actions])
        for name, sub in commands.choices.items()
    }


def _argument(action: argparse.Action, known_values: Mapping[str, Sequence[str]]) -> Argument:
    takes_value = action.nargs != 0
    words = tuple(map(str, action.choices or known_values.get(action.dest, ()))) if takes_value else ()
    files = takes_value and not words and (getattr(action.type, "__name__", "") == "Path" or action.dest in FILE_ARGUMENTS)
    text = (action.help or "").replace("%%", "%")
    return Argument(tuple(action.option_strings), "" if text == argparse.SUPPRESS else text, words, files, takes_value)


def _known_values() -> dict[str, Sequence[str]]:
    """The known values by argument name, of arguments that declare no choices."""
    from graphfix.linter.codes import codes
    from graphfix.linter.formats import FILE_FORMATS, FORMATS
    from graphfix.rewriting.names import rewrite_modules
    from graphfix.tables.versions import WHOLE, every_target, groups, rules_home, targets

    findings = [word for code in codes().values() for word in (code.code, code.name)]
    operators = sorted(_operators(str(rules_home())) - {WHOLE})
    return {
        "target": [*every_target(), *groups()],
        "backend": targets(),
        "output_format": [*FORMATS, *FILE_FORMATS],
        "report": [f"{name}=" for name in FORMATS],
        "select": findings,
        "ignore": findings,
        "subject": [*findings, *rewrite_modules(), *every_target(), *operators],
        "op": operators,
    }


def _operators(home: str) -> set[str]:
    """Return the names of the files of all tables; thousands of paths as objects would take longer than the rest."""
    found: set[str] = set()
    for target in _folders(home):
        for version in _folders(target):
            found.update(name.removesuffix(".json") for name in os.listdir(version) if name.endswith(".json"))
    return found


def _folders(home: str) -> list[str]:
    with os.scandir(home) as entries:
        return [entry.path for entry in entries if entry.is_dir()]


def script(shell: str, commands: Tree) -> str:
    """Return the completion script for one of `SHELLS`."""
    write: dict[str, Callable[[Tree], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    return "\n".join(write[shell](commands)) + "\n"


def _cases(commands: Tree, words_action: str, files_action: str) -> Iterator[str]:
    """Yield case branches on `command option` for the value of an option; `words_action` is a format for its quoted words."""
    for command, (_, arguments) in commands.items():
        for argument in arguments:
            if argument.spellings and argument.takes_value:
                pattern = "|".join(shlex.quote(f"{command} {spelling}") for spelling in argument.spellings)
                action = files_action if argument.files else words_action.format(shlex.quote(" ".join(argument.words)))
                yield f"        {pattern}) {action}; return ;;"


def _positionals(commands: Tree) -> Iterator[tuple[str, str, bool]]:
    """Yield each command with the known values of its positional arguments, and whether they may be files."""
    for command, (_, arguments) in commands.items():
        plain = [argument for argument in arguments if not argument.spellings]
        yield command, " ".join(word for one in plain for word in one.words), any(one.files for one in plain)


def _bash(commands: Tree) -> Iterator[str]:
    yield "# bash completion for graphfix, from `graphfix completion bash`"
    yield "_graphfix_words() {  # what is completed may be one of several between commas"
    yield '    local head=""'
    yield '    if [[ $cur == *,* ]]; then head="${cur%,*},"; fi'
    yield '    COMPREPLY=($(compgen -P "$head" -W "$1" -- "${cur##*,}"))'
    yield "}"
    yield "_graphfix_files() {"
    yield "    local IFS=$'\\n'"
    yield "    compopt -o filenames 2>/dev/null"
    yield '    COMPREPLY=($(compgen -f -- "$cur"))'
    yield "}"
    yield "_graphfix() {"
    yield '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD - 1]}" command="" options="" i'
    yield "    COMPREPLY=()"
    yield '    if [[ $cur == "=" ]]; then cur=""'
    yield '    elif [[ $prev == "=" ]]; then prev="${COMP_WORDS[COMP_CWORD - 2]}"; fi'
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield '        if [[ ${COMP_WORDS[i]} != -* ]]; then command="${COMP_WORDS[i]}"; break; fi'
    yield "    done"
    yield "    if [[ -z $command ]]; then"
    yield f"        _graphfix_words {shlex.quote(' '.join([*commands, '--help', '--version']))}; return"
    yield "    fi"
    yield '    case "$command $prev" in'
    yield from _cases(commands, "_graphfix_words {}", "_graphfix_files")
    yield "    esac"
    yield '    case "$command" in'
    for name, (_, arguments) in commands.items():
        options = " ".join(max(one.spellings, key=len) for one in arguments if one.spellings)
        yield f"        {name}) options={shlex.quote(options)} ;;"
    yield "    esac"
    yield '    if [[ $cur == -* ]]; then _graphfix_words "$options"; return; fi'
    yield '    case "$command" in'
    for name, words, files in _positionals(commands):
        yield f"        {name}) {'_graphfix_files' if files else f'_graphfix_words {shlex.quote(words)}'} ;;"
    yield "    esac"
    yield "}"
    yield "complete -F _graphfix graphfix"


def _zsh(commands: Tree) -> Iterator[str]:
    yield "#compdef graphfix"
    yield "# zsh completion for graphfix, from `graphfix completion zsh`"
    yield "_graphfix_words() { compset -P '*,'; compadd -- ${=1} }"
    yield "_graphfix() {"
    yield '    local command="" prev="${words[CURRENT-1]}" word'
    yield "    local -a told"
    yield "    for word in ${words[2,CURRENT-1]}; do"
    yield '        if [[ $word != -* ]]; then command="$word"; break; fi'
    yield "    done"
    yield "    if [[ -z $command ]]; then"
    entries = [_zsh_entry(name, help_text) for name, (help_text, _) in commands.items()]
    yield f"        told=({' '.join(entries)})"
    yield "        _describe command told; return"
    yield "    fi"
    yield "    if [[ $PREFIX == --*=* ]]; then prev=\"${PREFIX%%=*}\"; compset -P '*='; fi"
    yield '    case "$command $prev" in'
    yield from _cases(commands, "_graphfix_words {}", "_files")
    yield "    esac"
    yield '    case "$command" in'
    for name, (_, arguments) in commands.items():
        options = [_zsh_entry(max(one.spellings, key=len), one.help_text) for one in arguments if one.spellings]
        yield f"        {name}) told=({' '.join(options)}) ;;"
    yield "    esac"
    yield "    if [[ $PREFIX == -* ]]; then _describe option told; return; fi"
    yield '    case "$command" in'
    for name, words, files in _positionals(commands):
        yield f"        {name}) {'_files' if files else f'_graphfix_words {shlex.quote(words)}'} ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ ${funcstack[1]} == _graphfix ]]; then _graphfix "$@"; else compdef _graphfix graphfix; fi'


def _zsh_entry(word: str, help_text: str) -> str:
    return shlex.quote(word.replace(":", "\\:") + (":" + " ".join(help_text.split()) if help_text else ""))


def _fish(commands: Tree) -> Iterator[str]:
    yield "# fish completion for graphfix, from `graphfix completion fish`"
    yield "complete -c graphfix -f"
    for name, (help_text, arguments) in commands.items():
        yield f"complete -c graphfix -n __fish_use_subcommand -a {_fish_quoted(name)} -d {_fish_quoted(help_text)}"
        seen = f"complete -c graphfix -n {_fish_quoted(f'__fish_seen_subcommand_from {name}')}"
        for one in arguments:
            flags = [f"-l {s[2:]}" if s.startswith("--") else f"-s {s[1:]}" for s in one.spellings]
            value = "-r -F" if one.files else "-x" if one.takes_value and one.spellings else ""
            words = f"-a {_fish_quoted(' '.join(one.words))}" if one.words else ""
            description = f"-d {_fish_quoted(one.help_text)}" if one.spellings else ""
            if value or words or flags:
                yield " ".join(filter(None, [seen, *flags, value, words, description]))


def _fish_quoted(text: str) -> str:
    """Text in fish's single quotes, in which a backslash escapes a quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
