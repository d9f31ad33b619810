"""The command line: arguments in, one call to a subcommand, an exit code out."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Container, Iterator, Sequence
from typing import NoReturn

from graphfix.errors import GraphfixError, nearest
from graphfix.version import VERSION

COMMANDS = {
    "lint": "verdicts and findings; never changes a model",
    "fix": "rewrite a model so that a target takes it, and prove that the numbers did not change",
    "compile": "hand the graph to the real compiler, and compare what the result computes",
    "lower": "lower a model of PyTorch or TensorFlow to ONNX, and prove that it computes the same",
    "paths": "every road from a model to its targets, by each exporter and by what rewriting it takes",
    "ci": "lint the models that changed in git, and mend them in place or show how; for hooks and servers",
    "probe": "measure a compiler with one-node models, and write or check its support tables",
    "table": "the support tables, readable, in the terminal or as a page",
    "explain": "what a finding, a rewrite, or an operator on a target means",
    "init": "write settings and a hook for a project, found out rather than asked for",
    "config": "the settings that hold for a model, and where each of them was found",
    "completion": "the script by which bash, zsh or fish completes this command line",
    "backends": "which compilers are here, and how to get the others",
}
ALONE = {"lint"}
"""Commands that do no algebra in this process."""
BLAS = "OPENBLAS_NUM_THREADS"
EPILOG = "exit codes: 0 clean, 1 findings, 2 could not judge (bad usage, unreadable model, missing backend)"


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on stderr."""

    def error(self, message: str) -> NoReturn:
        """Print one line with the cure and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def grammar(commands: Container[str] = frozenset(COMMANDS)) -> Parser:
    """The parser of the whole command line, with the arguments of these commands; the others are known by name alone.

    Declaring the arguments of a command imports its module, which costs a run of another one its time.
    """
    parser = Parser(prog="graphfix", description="A compatibility linter and graph rewriter over ONNX.", epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"graphfix {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        sub = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EPILOG)
        if name in commands:
            importlib.import_module(f"graphfix.commands.{name}").configure(sub)
    return parser


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Within, numpy is imported without threads for its algebra: it starts them at once, and they spin for much of a short run.

    The environment is left as it was, so that processes started later are none of it.
    """
    given = BLAS in os.environ
    os.environ.setdefault(BLAS, "1")
    try:
        yield
    finally:
        if not given:
            os.environ.pop(BLAS, None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 or 2 as the contract says."""
    gc.set_threshold(100_000)  # what is imported stays, and thousands of small values live as long as their model does
    atexit.register(gc.freeze)  # a process that ends gains nothing by looking for garbage once more
    arguments = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    if wanted in ALONE:
        with _alone():
            importlib.import_module("numpy")
    parser = grammar({wanted} if wanted is not None else frozenset())
    if wanted is not None and wanted not in COMMANDS:
        parser.error(f"unknown command `{wanted}`, {nearest(wanted, COMMANDS)}")
    try:
        given = parser.parse_args(arguments)
        code: int = importlib.import_module(f"graphfix.commands.{given.command}").run(given)
        sys.stdout.flush()
        return code
    except GraphfixError as error:
        print(f"graphfix: {error.line()}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("graphfix: interrupted", file=sys.stderr)
        return 2
