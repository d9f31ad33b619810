"""`graphfix init`: add settings and a hook to a project; existing settings are not replaced."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from graphfix.cli.options import add_targets, chosen_targets
from graphfix.cli.project_setup import HOOK, HOOKS, SETTINGS, git_root, guess_targets, with_hook, with_settings
from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile, destination, output_errors, writable
from graphfix.linter import config as settings
from graphfix.linter.config import Config
from graphfix.tables.table import table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the project (the current folder)")
    add_targets(parser, "its targets, where they cannot be detected")
    parser.add_argument("--no-hook", action="store_true", help="write settings alone")


def run(given: argparse.Namespace) -> int:
    """Write what is missing and print what was done; exit code 2 when the project's settings cannot be read."""
    if not given.folder.is_dir():
        raise UsageError("no such folder", path=given.folder, hint="name the project's folder")
    requested = chosen_targets(given.target, Config()) if given.target else []
    for target in requested:
        table(target)
    top = git_root(given.folder)
    folder = top or given.folder.resolve()
    print("\n".join([*_settings(folder, requested), *([] if given.no_hook else _hook(folder, in_git=top is not None))]))
    return 0


def _settings(folder: Path, requested: list[str]) -> Iterator[str]:
    """Write the settings where there are none; yields lines about them."""
    import tomllib

    found = settings.load(folder)
    if found.source is not None and Path(found.source).parent.resolve() == folder.resolve():
        yield f"settings: {_short_path(Path(found.source))} has them already; left as it is"
        return
    chosen, why = (requested, "as asked") if requested else guess_targets(folder)
    project = folder / "pyproject.toml"
    path, header = (project, "tool.graphfix") if project.is_file() else (folder / SETTINGS, "")
    text = with_settings(_read(path), chosen, table=header)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = f"write {SETTINGS} beside it, with a line such as {text.splitlines()[-1]}"
        raise UsageError(f"takes no [{header}] at its end ({error})", path=path, hint=hint) from error
    _write(path, text)
    yield f"settings: {_short_path(path)}, targets = {', '.join(chosen)} ({why})"


def _hook(folder: Path, *, in_git: bool) -> Iterator[str]:
    """Write and install the hook where there is none; yields lines about it and the remaining steps."""
    if not in_git:
        yield "hook: none, for this is no git repository; run `git init`, then `graphfix init` again"
        return
    path = folder / HOOKS
    old = _read(path)
    if "graphfix" in old:
        yield f"hook: {_short_path(path)} has it already; left as it is"
    else:
        text = with_hook(old)
        if text is None:
            kept = f"hook: {_short_path(path)} is left as it is, for its repositories are no plain list"
            yield f"{kept}; add to it:\n{HOOK.rstrip()}"
            return
        _write(path, text)
        yield f"hook: {_short_path(path)}, graphfix-lint {'added' if old else 'written'}"
    import shutil
    import subprocess

    if shutil.which("graphfix") is None:
        yield "next: put graphfix on the PATH, where hooks look for it"
    program = shutil.which("pre-commit")
    if program is None:
        yield "next: pip install pre-commit && pre-commit install"
        return
    done = subprocess.run([program, "install"], cwd=folder, capture_output=True, text=True, check=False)
    output = " ".join((done.stdout + done.stderr).split())
    yield "hook: runs at every commit from now on" if done.returncode == 0 else f"hook: `pre-commit install` failed: {output}"


def _read(path: Path) -> str:
    """The text of a file with normalized newlines; empty where there is no file."""
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8", path=path, hint="save it as UTF-8") from error


def _write(path: Path, text: str) -> None:
    """Replace a file atomically, keeping its line endings."""
    if path.exists() and b"\r\n" in path.read_bytes():
        text = text.replace("\n", "\r\n")
    writable(path, force=True)
    goal = destination(path)
    with output_errors(path), PendingFile(os.path.dirname(goal)) as pending:
        pending.write(text.encode())
        pending.put(goal)


def _short_path(path: Path) -> str:
    """The path relative to the current folder where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
