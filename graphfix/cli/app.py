"""The command line: parse the arguments, call one subcommand, and return an exit code."""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import sys
import time
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from graphfix.cli.blas_threads import import_onnx
from graphfix.cli.closed_output import reopen_closed, tolerant_stdout
from graphfix.cli.parser import Parser
from graphfix.cli.verbosity import VALUED, add_verbosity, detail, verbosity
from graphfix.errors import INTERRUPTED, GraphfixError, nearest
from graphfix.version import VERSION

if TYPE_CHECKING:
    from graphfix.cli.guarded import Watch

COMMANDS = {
    "lint": "verdicts and findings; never changes a model",
    "fix": "rewrite a model so that a target supports it, and verify that the numbers did not change",
    "compile": "compile a model with the real compiler, and compare its outputs with onnxruntime's",
    "quantize": "quantise a model to the form that its targets accept, within a budget",
    "prune": "remove the channels, heads and recurrent units that contribute nothing to a model, or little",
    "lower": "convert a PyTorch or TensorFlow model to ONNX, and verify that it computes the same",
    "paths": "all conversion paths from a model to its targets, with the exporter and the rewrites that each needs",
    "ci": "lint the models that changed in git, and fix them in place or show how; for hooks and servers",
    "precision": "what a target computes in, and what that does to a model's outputs",
    "probe": "measure a compiler with one-node models, and write or check its support tables",
    "report": "which operators and causes hold back how many models, from results of lint",
    "table": "show the support tables, in the terminal or as a page",
    "rules": "list all codes of findings and all rewrites",
    "targets": "list the targets, with the measured compiler versions, what was measured and when",
    "explain": "explain a finding, a rewrite, or the support of an operator",
    "init": "write settings and a hook for a project; targets are detected automatically",
    "config": "show the settings that apply to a model, and where each was found",
    "completion": "print the completion script for bash, zsh or fish",
    "backends": "list the installed compilers, and install others",
}
SINGLE_THREADED = {"lint"}
"""Commands that do no linear algebra in this process, and use of onnx only what reading a model needs."""
GUARDED = {"lint", "ci", "fix", "compile", "paths", "lower", "precision", "prune", "quantize"}
"""Commands that run native code on a whole model: onnx, onnxruntime, an exporter. A crash of it becomes an error message."""
EPILOG = "exit codes: 0 clean, 1 findings, 2 failed (bad usage, unreadable model, missing backend)"


def build_parser(commands: Container[str] = frozenset(COMMANDS), *, others: bool = True) -> Parser:
    """Return the parser of the whole command line; only these commands get their arguments, the `others` only a name or nothing.

    Declaring the arguments of a command imports the modules it uses, which would slow down a run of another command.
    """
    parser = Parser(prog="graphfix", description="A compatibility linter and graph rewriter over ONNX.", epilog=EPILOG)
    add_verbosity(parser, first=True)
    parser.add_argument("--version", action="version", version=f"graphfix {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        if not others and name not in commands:
            continue
        sub = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EPILOG)
        if name in commands:
            importlib.import_module(f"graphfix.cli.commands.{name}").configure(sub)
            add_verbosity(sub, first=False)
    return parser


def console() -> int:
    """Run the command line that the process was started with; native code runs on models in workers of its own."""
    reopen_closed()
    if _command(sys.argv[1:]) in GUARDED:
        from graphfix.cli.guarded import can_guard, run_guarded

        if can_guard():
            try:
                return run_guarded(lambda watch: main(watch=watch))
            except KeyboardInterrupt:  # before the command began, or after it ended
                return INTERRUPTED
    return main()


def main(argv: Sequence[str] | None = None, *, watch: Watch | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 with findings, 2 on an error.

    `watch` leads to the process that waits for this one, so that a crash or a hang of native code on a model is told of.
    """
    gc.set_threshold(100_000)  # modules stay loaded, and thousands of small objects live as long as their model
    atexit.register(gc.freeze)  # skips the last collection, which a process that ends does not need
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run_words(arguments, watch)
    except GraphfixError as error:
        print(f"graphfix: {error.line()}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("graphfix: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run_words(arguments: Sequence[str], watch: Watch | None) -> int:
    """Check the words of a command line, and run its command; returns the exit code."""
    command = _command(arguments)
    if command in SINGLE_THREADED and watch is None:
        import_onnx()
    begins = command in COMMANDS and arguments[0] == command  # no --help before it, which would name all commands
    parser = build_parser({command} if command is not None else frozenset(), others=not begins)
    if command is not None:
        parser.check_options(arguments[: arguments.index(command)])
    if command is not None and command not in COMMANDS:
        parser.error(f"unknown command `{command}`, {nearest(command, COMMANDS)}")
    with tolerant_stdout():
        return _run(parser, arguments, watch)


def _command(arguments: Sequence[str]) -> str | None:
    """Return the command that a command line names: its first word that is neither an option nor an option's value."""
    words = (word for at, word in enumerate(arguments) if at == 0 or arguments[at - 1] not in VALUED)
    return next((word for word in words if not word.startswith("-")), None)


def _run(parser: Parser, arguments: Sequence[str], watch: Watch | None) -> int:
    """Parse a command line and run its command; returns the exit code."""
    given, rest = parser.parse_known_args(arguments)
    given.watch = watch
    if rest:
        _subparser(parser, given.command).unknown(rest)
    with verbosity(given):
        detail(f"version {VERSION}, Python {sys.version.split()[0]}")
        started = time.monotonic()
        code: int = importlib.import_module(f"graphfix.cli.commands.{given.command}").run(given)
        detail(f"{given.command} took {time.monotonic() - started:.2f} s, exit code {code}")
    return code


def _subparser(parser: Parser, command: str) -> Parser:
    """Return the parser of one command."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    found: Parser = commands.choices[command]
    return found
