"""The argument parser of every command: errors on one line that name the most similar word, and help that keeps paths whole."""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from graphfix.errors import nearest

INVALID_CHOICE = re.compile(r"invalid choice: '?(?P<word>.*?)'? \(choose from (?P<known>.*)\)$", re.DOTALL)


class Formatter(argparse.HelpFormatter):
    """Help whose lines are broken between words only, never inside a path, a URL or a name with hyphens.

    A text of several paragraphs keeps them apart, each on lines of its own.
    """

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width, "")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(line for paragraph in text.strip().split("\n\n") for line in _wrapped(paragraph, width, indent))


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Return the lines of a paragraph; a word longer than a line stays whole."""
    whole = " ".join(text.split())
    return textwrap.wrap(
        whole, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on stderr, with the most similar option or value."""

    _declaring = False

    def __init__(self, *words: Any, **options: Any) -> None:
        options.setdefault("formatter_class", Formatter)
        super().__init__(*words, **options)

    def error(self, message: str) -> NoReturn:
        """Print one line with a hint and exit with code 2."""
        found = INVALID_CHOICE.search(message)
        if found is not None:
            known = [word.strip().strip("'") for word in found["known"].split(",")]
            message = f"{message[: found.start()]}there is no `{found['word']}`, {nearest(found['word'], known)}"
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")

    def add_argument(self, *words: Any, **options: Any) -> argparse.Action:
        """Declare an argument; argparse then tries how help would show it, for which one formatter is enough."""
        self._declaring = True
        try:
            return super().add_argument(*words, **options)
        finally:
            self._declaring = False

    def _get_formatter(self) -> argparse.HelpFormatter:
        return _trial_formatter() if self._declaring else super()._get_formatter()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; an unknown option is reported first, before the arguments that it hides are reported as missing."""
        if args is not None and not any(isinstance(action, argparse._SubParsersAction) for action in self._actions):
            self.check_options(itertools.takewhile(lambda word: word != "--", args))
        return super().parse_known_args(args, namespace)

    def check_options(self, words: Iterable[str]) -> None:
        """Report the first of these words that is a long option which the command does not have."""
        known = [spelling for action in self._actions for spelling in action.option_strings]
        for word in words:
            name = word.partition("=")[0]
            if len(name) > 2 and name.startswith("--") and not any(spelling.startswith(name) for spelling in known):
                self.unknown([word])

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """Report arguments that the command does not take, each unknown option with the most similar one it has."""
        options = [word for word in words if word.startswith("-") and word != "-"]
        if not options:
            self.error(f"unexpected argument{'s' if len(words) > 1 else ''} {_quoted(words)}")
        word = options[0].partition("=")[0]
        known = [spelling for action in self._actions for spelling in action.option_strings]
        close = nearest(word, [spelling for spelling in known if spelling.startswith("--")])
        self.error(f"unknown option {_quoted([word])}" + (f", {close}" if close.startswith("did you mean") else ""))


@functools.cache
def _trial_formatter() -> Formatter:
    return Formatter("", width=80)


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
