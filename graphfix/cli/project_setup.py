"""Project setup for `graphfix init`: the targets of a project, and settings and a hook that are added to its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphfix.errors import BackendError

HOOKS = ".pre-commit-config.yaml"
SETTINGS = "graphfix.toml"
SKIPPED_FOLDERS = frozenset({".git", ".venv", "venv", "node_modules", "build", "dist", "__pycache__", "site-packages"})
HOOK = r"""- repo: local
  hooks:
    - id: graphfix-lint
      name: graphfix lint
      entry: graphfix ci
      language: system
      files: \.onnx$
      require_serial: true
"""


def git_root(folder: Path) -> Path | None:
    """Return the root folder of the git repository that contains a folder; None outside of one, or without git."""
    import subprocess

    try:
        words = ["git", "rev-parse", "--show-toplevel"]
        completed = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return Path(completed.stdout.strip()) if completed.returncode == 0 and completed.stdout.strip() else None


def guess_targets(folder: Path) -> tuple[list[str], str]:
    """Return the targets of a project and the reason: compiled artifacts in it, installed compilers, or else all targets."""
    from graphfix.backends.base import backends
    from graphfix.backends.toolchain import find
    from graphfix.tables.versions import targets

    known = targets()
    suffixes = {name: backend.artifact for name, backend in backends().items() if name in known}
    artifacts = {name: path for path in _entries(folder) for name, suffix in suffixes.items() if _is_artifact(path, suffix)}
    if artifacts:
        return sorted(artifacts), "compiled models are here: " + ", ".join(
            str(artifacts[name].relative_to(folder)) for name in sorted(artifacts)
        )
    installed = []
    for name in suffixes:
        try:
            installed += [name] if find(name) is not None else []
        except BackendError:
            continue
    if installed:
        return sorted(installed), "their compilers are installed"
    return known, "no compiler is installed, so all of them"


def _entries(folder: Path) -> Iterator[Path]:
    """Yield the files and folders of a project, except those in environments and build folders."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink() and path.name not in SKIPPED_FOLDERS:
            yield from _entries(path)


def _is_artifact(path: Path, suffix: str) -> bool:
    if not path.name.endswith(suffix):
        return False
    return (
        suffix != ".xml" or path.with_suffix(".bin").is_file()
    )  # many programs write XML; OpenVINO's comes with a file of weights


def with_settings(text: str, targets: Sequence[str], *, table: str) -> str:
    """Return the text of a settings file with the targets added at its end, under the header `table` where given."""
    head = f"[{table}]\n" if table else ""
    words = ", ".join(f'"{target}"' for target in targets)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{head}targets = [{words}]\n"


def with_hook(text: str) -> str | None:
    """Return a pre-commit configuration with the hook added to its `repos`; None where `repos` is not a plain list."""
    if not text.strip():
        return f"repos:\n{_indented(HOOK, '  ')}"
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"repos:\s*(#.*)?$", line)]
    if len(starts) != 1:
        return None
    item, end = None, starts[0] + 1
    for number, line in enumerate(lines[starts[0] + 1 :], starts[0] + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith((" ", "-")):
            break
        item = item or re.match(r"( *)- ", line)
        if item is None:
            return None
        end = number + 1
    indent = item[1] if item is not None else "  "
    added = _indented(HOOK, indent).splitlines()
    return "\n".join([*lines[:end], *added, *lines[end:]]) + "\n"


def _indented(text: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" for line in text.splitlines())
