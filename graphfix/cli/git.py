"""Git operations on models: list those that changed since a revision, and commit those that were fixed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from graphfix.errors import UsageError

SUFFIX = ".onnx"


def changed_since(revision: str, paths: Sequence[Path]) -> list[Path]:
    """Return the models at or below `paths` that differ from the merge base of `revision` and HEAD, sorted.

    Deleted models are left out; untracked files that git does not ignore count as changed. Git runs in the current
    folder, and the paths are relative to it.

    Raises:
        UsageError: git is not installed, this is no repository, or it has no such revision.
    """
    top = Path(_git("rev-parse", "--show-toplevel").strip())
    commit = _commit(revision)
    listed = _git("diff", "--name-only", "-z", "--diff-filter=d", commit, "--", folder=top)
    listed += _git("ls-files", "--others", "--exclude-standard", "-z", folder=top)
    wanted = [path.resolve() for path in paths]
    found = {top / name for name in listed.split("\0") if name.endswith(SUFFIX)}
    kept = [path for path in found if any(place in (path, *path.parents) for place in wanted) and path.is_file()]
    return sorted(Path(os.path.relpath(path)) for path in kept)


def commit_files(message: str, files: Sequence[Path]) -> str:
    """Commit only these files; returns the new commit's abbreviated hash.

    Raises:
        UsageError: git fails; the message is git's.
    """
    names = [str(file) for file in files]
    _git("add", "--", *names)
    _git("commit", "--quiet", "-m", message, "--", *names)
    return _git("rev-parse", "--short", "HEAD").strip()


def _commit(revision: str) -> str:
    """The merge base of `revision` and HEAD, or `revision` itself in a clone too shallow to have one."""
    if not revision or revision.startswith("-"):
        raise UsageError(f"`{revision}` is no revision", hint="name a branch, a tag or a commit")
    exact = _git(
        "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}",
        problem=f"git knows no revision `{revision}`", hint=f"fetch it first, such as `git fetch origin {revision}`",
    ).strip()  # fmt: skip
    try:
        return _git("merge-base", exact, "HEAD").strip()
    except UsageError:
        return exact


def _git(*words: str, folder: Path | None = None, problem: str = "", hint: str = "") -> str:
    """The output of a git command; raises UsageError with git's message, or `problem`, where it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False, errors="surrogateescape")
    except FileNotFoundError:
        raise UsageError("git is not installed", hint="install it, or name the models instead") from None
    if done.returncode:
        said = " ".join(done.stderr.split()).removeprefix("fatal: ")
        hint = hint or "run it inside a repository, or name the models instead"
        raise UsageError(problem or f"git {words[0]}: {said or f'exit code {done.returncode}'}", hint=hint)
    return done.stdout
