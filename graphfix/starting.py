"""What `graphfix init` finds out about a project and writes into it: settings and a hook, adding and never replacing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphfix.errors import BackendError

HOOKS = ".pre-commit-config.yaml"
SETTINGS = "graphfix.toml"
PASSED_OVER = frozenset({".git", ".venv", "venv", "node_modules", "build", "dist", "__pycache__", "site-packages"})
HOOK = r"""- repo: local
  hooks:
    - id: graphfix-lint
      name: graphfix lint
      entry: graphfix ci
      language: system
      files: \.onnx$
      require_serial: true
"""


def root(folder: Path) -> Path | None:
    """The top of the git repository that a folder lies in; None outside of one, or without git."""
    try:
        words = ["git", "rev-parse", "--show-toplevel"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return Path(done.stdout.strip()) if done.returncode == 0 and done.stdout.strip() else None


def guessed_targets(folder: Path) -> tuple[list[str], str]:
    """The targets a project is for, and how that shows: by artifacts in it, compilers that are installed, else all."""
    from graphfix.backends.base import backends
    from graphfix.backends.toolchain import find
    from graphfix.table_versions import targets

    known = targets()
    suffixes = {name: backend.artifact for name, backend in backends().items() if name in known}
    made = {name: path for path in _entries(folder) for name, suffix in suffixes.items() if _is_artifact(path, suffix)}
    if made:
        return sorted(made), "compiled models are here: " + ", ".join(
            str(made[name].relative_to(folder)) for name in sorted(made)
        )
    here = []
    for name in suffixes:
        try:
            here += [name] if find(name) is not None else []
        except BackendError:
            continue
    if here:
        return sorted(here), "their compilers are installed"
    return known, "no compiler is installed, so all of them"


def _entries(folder: Path) -> Iterator[Path]:
    """Files and folders of a project, environments and build folders passed over, none below another one's artifact."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink() and path.name not in PASSED_OVER:
            yield from _entries(path)


def _is_artifact(path: Path, suffix: str) -> bool:
    if not path.name.endswith(suffix):
        return False
    return suffix != ".xml" or path.with_suffix(".bin").is_file()  # any program may write XML; this one comes with weights


def with_settings(text: str, targets: Sequence[str], *, table: str) -> str:
    """A settings file with the targets added at its end, under the header `table` where that is not empty."""
    head = f"[{table}]\n" if table else ""
    words = ", ".join(f'"{target}"' for target in targets)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{head}targets = [{words}]\n"


def with_hook(text: str) -> str | None:
    """A pre-commit configuration with the hook added to its list of repositories; None where there is no plain list."""
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
