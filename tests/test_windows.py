"""What happens where the system has no fork, no fcntl, no resource and no alarms, as on Windows: tested by hiding them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example

ROOT = Path(__file__).parent.parent
SPEECH = str(ROOT / "fixtures" / "models" / "speech.onnx")
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog")
HIDDEN = {
    "os": ("fork", "forkpty", "killpg", "setsid", "getuid", "getgid", "geteuid", "getppid", "sysconf", "pidfd_open", "chown",
           "O_DIRECTORY", "wait4", "set_blocking"),
    "signal": ("SIGALRM", "SIGKILL", "setitimer", "ITIMER_REAL", "alarm", "pthread_sigmask", "SIGUSR1"),
    "select": ("poll", "epoll"),
}  # fmt: skip
AS_ON_WINDOWS = f"""
import sys
import subprocess, multiprocessing, tempfile, ctypes  # which have forms of their own for Windows
for name in {MODULES!r}:
    sys.modules[name] = None
import os, select, signal
for module, names in {HIDDEN!r}.items():
    for name in names:
        if hasattr(sys.modules[module], name):
            delattr(sys.modules[module], name)
from graphfix.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


def on_windows(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in an interpreter that offers only what Windows has."""
    command = [sys.executable, "-c", AS_ON_WINDOWS, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_everything_that_is_hidden_is_missing_on_windows_and_used_somewhere() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "graphfix").rglob("*.py"))
    used = {name for name in ("fcntl", "resource") if f"import {name}" in sources}
    used |= {name for names in HIDDEN.values() for name in names if re.search(rf"\b(?:os|signal)\.{name}\b", sources)}
    assert used >= {"fcntl", "resource", "fork", "killpg", "setsid", "SIGALRM", "SIGKILL"}


def test_the_list_of_compilers_says_that_none_can_compile() -> None:
    done = on_windows("backends")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split()[:3] == ["backend", "version", "measured"]
    assert rows
    assert {row.split()[3] for row in rows} == {"no"}
    assert {row.split()[4] for row in rows} == {"no"}


@pytest.mark.parametrize(
    "words",
    [
        ("compile", SPEECH, "--target", "tract", "-o", "out.nnef.tgz"),
        ("backends", "install", "tract"),
        ("lower", "fixtures/models/gate.py:make", "-o", "gate.onnx"),
    ],
    ids=lambda words: words[0],
)
def test_what_needs_a_worker_ends_with_one_line_that_says_what_works(words: tuple[str, ...]) -> None:
    done = on_windows(*words)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    if "is not installed" not in done.stderr:  # this machine may lack the compiler, which is said first
        assert "cannot be run on this system; use Linux, macOS or WSL" in done.stderr


def test_lint_confirms_nothing_and_judges_by_the_table() -> None:
    done = on_windows("lint", SPEECH, "--target", "tract", "--confirm", "--isolated")
    assert done.returncode == 1
    assert "tract is not run: " in done.stderr
    assert "rejected by tract" in done.stdout


def test_fix_writes_a_verified_model(tmp_path: Path) -> None:
    out = tmp_path / "fixed.onnx"
    done = on_windows("fix", SPEECH, "-t", "tract", "--set", "sr=16000", "--shape", "input=1x96", "-o", str(out), "--isolated")
    assert done.returncode == 0, done.stderr
    assert out.is_file()


@pytest.mark.parametrize(
    "words", [("table", "--op", "Resize"), ("rules",), ("targets",), ("explain", "GF103"), ("config",)], ids=str
)
def test_what_only_reads_tables_works(words: tuple[str, ...]) -> None:
    assert on_windows(*words).returncode == 0


@pytest.mark.usefixtures("picky")
def test_a_worker_without_fcntl_and_resource_still_compiles(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    for name in ("fcntl", "resource"):
        (shadow / f"{name}.py").write_text("raise ImportError('hidden')\n")
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(shadow), os.environ.get("PYTHONPATH", "")]))
    probe = subprocess.run([sys.executable, "-c", "import resource"], capture_output=True, check=False)
    assert probe.returncode == 1, "the worker sees the module"
    monkeypatch.setattr("graphfix.backends.connect.Session", __import__("graphfix.backends.session").backends.session.Session)
    path = write(Example("y = Relu(x)"))
    assert main(["compile", str(path), "-t", "demo", "-o", str(tmp_path / "out.demo"), "--isolated"]) == 0
    assert (tmp_path / "out.demo").exists()
