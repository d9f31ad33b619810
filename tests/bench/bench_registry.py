"""How many models a second a registry run lints by loky and by dask: `python tests/bench/bench_registry.py [--models 10000]`.

Copies of the small fixtures are linted by one worker, and by two workers that are killed in the middle and resumed. Printed are
models a second of wall-clock time and of computing, whatever process does it: the second figure says what a worker costs also
where the machine has other work. The results must be those of a run without a kill, each model once.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST = 60_000
"""The bytes of a fixture that counts as small."""
TARGETS = "tract,tensorrt,coreml,openvino,tflite"
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: workers whose parent ended become children of this process, so that their computing is counted."""
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=int(sys.argv[1]), threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall-clock seconds, and seconds of computing of all processes that have ended."""

    wall: float
    computing: float

    @classmethod
    def now(cls) -> Spent:
        """Return what was spent until now, after waiting for what has ended."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(time.monotonic(), usage.ru_utime + usage.ru_stime)

    def since(self, before: Spent) -> Spent:
        """Return the difference to an earlier state."""
        return Spent(self.wall - before.wall, self.computing - before.computing)


def write_models(folder: Path, count: int) -> None:
    """Write copies of the small fixtures, no two of them equal."""
    paths = [path for path in sorted((ROOT / "fixtures").rglob("*.onnx")) if path.stat().st_size < LARGEST]
    originals = [onnx.load(path) for path in paths]
    for at in range(count):
        model = originals[at % len(originals)]
        model.doc_string = f"copy {at}"
        (folder / f"{at:06}.onnx").write_bytes(model.SerializeToString())


@contextlib.contextmanager
def workers(kind: str, count: int, scratch: Path) -> Iterator[list[str]]:
    """Yield the options that name so many workers, which are started first where they form a cluster."""
    if kind == "loky":
        yield ["--backend", "loky", "--jobs", str(count)]
        return
    script = scratch / "cluster.py"
    script.write_text(CLUSTER)
    line = [sys.executable, str(script), str(count)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as cluster:
        assert cluster.stdout is not None
        yield ["--backend", f"dask={cluster.stdout.readline().strip()}", "--jobs", str(count)]
        cluster.communicate("")


def lint(folder: Path, output: Path, options: list[str], until: int | None = None) -> str:
    """Lint a folder into a file of results, and return what was said; with `until` the run is killed at that many results."""
    partial = output.with_name(f"{output.name}.partial")
    words = [
        "lint",
        str(folder),
        "-t",
        TARGETS,
        "--isolated",
        "--output-format",
        "jsonl",
        "--output-file",
        str(output),
        "--resume",
    ]
    line = [sys.executable, "-m", "graphfix", *words, *options]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    while until is not None and process.poll() is None:
        time.sleep(0.2)
        if partial.exists() and partial.read_bytes().count(b"\n") >= until:
            process.send_signal(signal.SIGKILL)
            break
    said = process.communicate()[1]
    assert process.returncode in (0, 1, 2, -signal.SIGKILL), said
    if process.returncode == -signal.SIGKILL:
        return f"killed at {until} results"
    return next(line for line in said.splitlines() if "models linted" in line).removeprefix("graphfix: ")


def main() -> None:
    """Run, compare, and print one row a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=10_000, help="how many models (default 10000)")
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    rows = given.models * len(TARGETS.split(","))
    with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
        folder, expected = Path(scratch, "models"), list[str]()
        folder.mkdir()
        write_models(folder, given.models)
        for kind in ("loky", "dask"):
            for count in (1, 2):
                output, before = Path(scratch, f"{kind}-{count}.jsonl"), Spent.now()
                with workers(kind, count, Path(scratch)) as options:
                    said = [lint(folder, output, options, rows // 2)] if count == 2 else []
                    said.append(lint(folder, output, options))
                spent, found = Spent.now().since(before), sorted(output.read_text().splitlines())
                expected = expected or found
                rates = (
                    f"{given.models / spent.wall:.1f} models a second, {given.models / spent.computing:.1f} a second of computing"
                )
                print(f"{kind} {count}: {rates}; {_compared(found, expected, rows)}; {'; '.join(said)}", flush=True)


def _compared(found: list[str], expected: list[str], rows: int) -> str:
    """Say whether results are those of the first run, one for each model and target."""
    return "the same results" if found == expected and len(found) == rows else f"FAILED: {len(found)} of {rows} results"


if __name__ == "__main__":
    main()
