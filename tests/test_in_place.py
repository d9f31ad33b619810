"""A model fixed in place survives being killed at any moment: it is the old file or the whole new one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from graphfix.linter.example import Example

KILLED = """
import contextlib, io, json, os, random, signal, sys, time
from pathlib import Path
import onnxruntime, onnx_graphsurgeon  # imported once, so that a killed child spends its time on the model
from graphfix.cli import app as cli
from graphfix.rewriting import pipeline as planner

path, times = Path(sys.argv[1]), int(sys.argv[2])
words = ["fix", str(path), "--in-place", "--target", "tract", "--isolated", "--shape", "x=2x256", "--output-format", "json"]
old = path.read_bytes()

def child():
    pid = os.fork()
    if pid == 0:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            os._exit(cli.main(words))
    return pid

started = time.monotonic()
os.waitpid(child(), 0)
length, new = time.monotonic() - started, path.read_bytes()
random.seed(5)
seen = {"old": 0, "new": 0, "killed": 0, "other": 0}
for _ in range(times):
    path.write_bytes(old)
    pid = child()
    time.sleep(random.uniform(0.2, 1.05) * length)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    seen["killed"] += os.WIFSIGNALED(status)
    now = path.read_bytes()
    seen["old" if now == old else "new" if now == new else "other"] += 1
print(json.dumps({**seen, "changed": old != new}))
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_of_a_fix_in_place_leaves_the_old_or_the_new_model(write: Callable[..., Path]) -> None:
    lines = ["a0 = HardSwish(x)", *(f"a{i} = Add(a{i - 1}, w)" for i in range(1, 60)), "y = Softmax(a59)"]
    model = Example("\n".join(lines), inputs="float[n,256] x").model
    model.graph.initializer.append(onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [256, 256][:1], [0.5] * 256))
    path = write(Example("y = Relu(x)"))
    onnx.save(model, path)
    run = subprocess.run([sys.executable, "-c", KILLED, str(path), "50"], capture_output=True, text=True, check=True)
    seen = json.loads(run.stdout)
    assert seen["changed"]
    assert seen["other"] == 0, seen
    assert seen["old"] + seen["new"] == 50
    assert seen["killed"] >= 10, "too few kills hit a running fix to tell anything"
    assert onnx.load(path).graph.node
