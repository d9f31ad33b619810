"""`graphfix completion`: print the completion script of a shell."""

from __future__ import annotations

import argparse

from graphfix.cli.completion import SHELLS, script, tree

WHERE = """
bash: graphfix completion bash > ~/.local/share/bash-completion/completions/graphfix

zsh: graphfix completion zsh > DIR/_graphfix, for a folder DIR of $fpath

fish: graphfix completion fish > ~/.config/fish/completions/graphfix.fish
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that will read it")
    parser.epilog = WHERE


def run(given: argparse.Namespace) -> int:
    """Print the script; exit code 0."""
    from graphfix.cli.app import build_parser

    print(script(given.shell, tree(build_parser())), end="")
    return 0
