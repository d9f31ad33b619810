"""What the code of a model can reach while it is lowered: no network, no folder but its own, no time and memory without end."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphfix.backends.session import Session
from graphfix.cli.app import main
from graphfix.lowering import isolation

needs_namespaces = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has namespaces")

ADAPTER = f"""
import importlib.util, os, socket, tempfile
spec = importlib.util.spec_from_file_location("isolation", {isolation.__file__!r})
isolation = importlib.util.module_from_spec(spec)
spec.loader.exec_module(isolation)
DISTRIBUTIONS = ()

def reached(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError as error:
        return str(error)
    return "connected"

def respond(request):
    cut = isolation.cut_network() if request["cut"] else None
    found = {{"cut": cut, "reached": reached(request["port"]), "folder": tempfile.gettempdir(), "user": os.getuid()}}
    yield {{"stage": "ok", "message": "", "last": True, **found}}
"""
PROGRAM = """
import json, os, socket, subprocess, sys, tempfile, time
from pathlib import Path
import torch

def net():
    return torch.nn.ReLU()
net.example_inputs = (torch.zeros(2, 3),)

def nosy():
    told = {}
    try:
        socket.create_connection(("127.0.0.1", int(os.environ["GRAPHFIX_PORT"])), 2).close()
        told["reached"] = "connected"
    except OSError as error:
        told["reached"] = str(error)
    told["folder"] = tempfile.gettempdir()
    told["started"] = subprocess.run([sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"],
                                     capture_output=True, text=True).stdout.strip()
    Path("told.json").write_text(json.dumps(told))
    print("printed by Python")
    os.write(1, b"printed by a library")
    os.system("echo printed by a child")
    return torch.nn.ReLU()
nosy.example_inputs = (torch.zeros(2, 3),)

def sleeping():
    Path("pid").write_text(str(os.getpid()))
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)

def aborting():
    os.abort()

def greedy():
    held = []
    while True:
        held.append(bytearray(1 << 26))

def leaving():
    sys.exit(0)

class Slow(torch.nn.Module):
    def forward(self, x):
        if torch.compiler.is_exporting() or torch.jit.is_tracing():
            time.sleep(1000)
        return x.relu()

def slow():
    return Slow()
slow.example_inputs = (torch.zeros(2, 3),)
"""


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a server of this process, which takes every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: [server.accept() for _ in range(9)], daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def ask(tmp_path: Path, listener: int) -> Iterator[Callable[[bool], dict[str, object]]]:
    """A function that asks a worker, which needs no framework, what it can reach."""
    (tmp_path / "adapter.py").write_text(ADAPTER)
    with Session(tmp_path / "adapter.py", python=sys.executable, deadline=30, memory_gib=1) as session:
        yield lambda cut: session.send({"cut": cut, "port": listener}, deadline=30)


def test_without_isolation_the_listener_is_reached(ask: Callable[[bool], dict[str, object]]) -> None:
    assert ask(False)["reached"] == "connected"


@needs_namespaces
def test_forked_child_is_cut_off_and_its_parent_is_not(ask: Callable[[bool], dict[str, object]]) -> None:
    found = ask(True)
    if not found["cut"]:
        pytest.skip("this system forbids namespaces")
    assert found["reached"] != "connected"
    assert found["user"] == os.getuid(), "it is the same user still"
    assert ask(False)["reached"] == "connected", "the worker itself, and this process, keep the network"


def test_temporary_folder_is_the_requests_own_and_is_gone_afterwards(ask: Callable[[bool], dict[str, object]]) -> None:
    first, second = str(ask(False)["folder"]), str(ask(False)["folder"])
    assert len({first, second, tempfile.gettempdir()}) == 3
    assert not os.path.exists(first)


def test_system_without_namespaces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not isolation.cut_network()


def refusing(*errors: int) -> object:
    """A C library whose unshare gives these in turn."""
    left = list(errors)
    return type("Library", (), {"unshare": staticmethod(lambda _: left.pop(0))})()


def test_system_that_forbids_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(isolation.ctypes, "CDLL", lambda *_, **__: refusing(-1, -1))
    assert not isolation.cut_network()


@pytest.fixture
def program(torch_here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program whose factories misbehave, in which the commands are run."""
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lower(name: str, *words: str) -> int:
    return main(["lower", f"program:{name}", "-o", "out.onnx", "--isolated", *words])


@pytest.mark.framework
@pytest.mark.parametrize("network", [False, True])
def test_factory_has_its_own_folder_and_no_network_unless_it_is_let(
    program: Path, listener: int, network: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAPHFIX_PORT", str(listener))
    assert lower("nosy", "--exporter", "trace", *(["--network"] if network else []), "--output-format", "json") == 0
    said = capfd.readouterr()
    (result,) = json.loads(said.out)["results"]
    told = json.loads((program / "told.json").read_text())
    assert "printed" not in said.out + said.err
    assert told["folder"] == told["started"] != tempfile.gettempdir()
    assert not os.path.exists(told["folder"])
    if not any("could not be cut off" in note for note in result["lowering"]["notes"]):
        assert (told["reached"] == "connected") == network


def gone(pid: int) -> bool:
    """Whether a process ends within a moment."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.framework
def test_factory_without_end_is_ended_with_all_it_started(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    assert lower("sleeping", "--deadline", "8") == 2
    assert time.monotonic() - started < 60, "it is asked once, not once an exporter"
    assert capsys.readouterr().err.splitlines()[-1] == "graphfix: program:sleeping: it cannot be opened: no answer within 8 s"
    assert gone(int((program / "pid").read_text()))
    assert not (program / "out.onnx").exists()


@pytest.mark.framework
@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("aborting", (), "it cannot be opened: killed by SIGABRT"),
        ("greedy", ("--memory-gib", "1.5"), "it cannot be opened: more than 1.5 GiB of memory"),
        ("leaving", (), "it cannot be opened: it ends the process by sys.exit(0) (program.py:"),
    ],
)
def test_factory_that_is_lost_costs_one_line(
    program: Path, name: str, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lower(name, *words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert told in line


@pytest.mark.framework
def test_exporter_without_end_is_told_from_a_factory_without_one(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lower("slow", "--deadline", "9", "--exporter", "trace", "--output-format", "json") == 1
    (result,) = json.loads(capsys.readouterr().out)["results"]
    (attempt,) = result["lowering"]["attempts"]
    assert (attempt["stage"], attempt["summary"]) == ("export", "the exporter fails: no answer within 9 s")
    assert [(one["code"], one["message"]) for one in result["findings"]] == [
        ("GF506", "`trace`: the exporter fails: no answer within 9 s")
    ]
