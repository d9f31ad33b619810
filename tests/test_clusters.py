"""Work on clusters: the same results as at home, and a task that ends its worker costs itself alone."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.cli.guarded import Watch
from graphfix.cli.lint_jobs import Task, run_batch
from graphfix.errors import BackendError, UsageError
from graphfix.ir.clusters import Cluster, open_cluster
from graphfix.ir.forked_workers import ForkedWorkers, Lost
from graphfix.ir.spawned_workers import spawned
from graphfix.linter.example import Example
from tests.shouting import fail, shout
from tests.test_hostile_models import crashing, work

NAMED = {"loky": "joblib", "dask": "distributed", "ray": "ray"}


@contextlib.contextmanager
def local_cluster(kind: str) -> Iterator[str]:
    """Start two workers on this machine; yields what `--backend` names them by."""
    pytest.importorskip(NAMED[kind], reason=f"{NAMED[kind]} is not installed, which `--backend {kind}` needs")
    if kind == "loky":
        yield "loky"
    elif kind == "dask":
        import dask
        import distributed

        with (
            dask.config.set({"distributed.scheduler.allowed-failures": 0}),
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        ):
            yield f"dask={cluster.scheduler_address}"
    else:
        import ray

        here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent.parent)}}
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here)
        try:
            yield f"ray={ray.get_runtime_context().gcs_address}"
        finally:
            ray.shutdown()


@pytest.fixture(scope="module", params=list(NAMED))
def cluster(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each kind of cluster in turn."""
    with local_cluster(request.param) as name:
        yield name


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models, one of which cannot be read."""
    for at in range(9):
        text = "y = Relu(x)" if at % 2 else "y = Det(x)"
        (tmp_path / f"{at}.onnx").write_bytes(Example(text, inputs="float[3,3] x").model.SerializeToString())
    (tmp_path / "none.onnx").write_bytes(b"nonsense")
    return tmp_path


@pytest.mark.slow
def test_the_results_are_those_of_home(cluster: str, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lint", str(models), "-t", "tract,coreml", "--isolated", "--output-format", "json"]
    assert main(words, watch=Watch()) == 2
    at_home = capsys.readouterr()
    assert main([*words, "--backend", cluster, "--jobs", "2"], watch=Watch()) == 2
    there = capsys.readouterr()
    assert json.loads(there.out) == json.loads(at_home.out)
    assert there.err == at_home.err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a crash ends the worker")
def test_a_model_that_crashes_native_code_costs_itself_alone_in_a_worker_of_a_cluster(models: Path, tmp_path: Path) -> None:
    paths = [models / "0.onnx", crashing(tmp_path / "k.onnx"), models / "1.onnx"]
    batch = [(at, Task(path, ("tract",), {}, {}, folder="/")) for at, path in enumerate(paths)]
    found = [result for results, _ in run_batch(batch) for result in results]
    assert [result.verdict for result in found] == ["rejected", None, "accepted"]
    assert "k.onnx: native code crashed on it (SIGSEGV)" in str(found[1].error)
    relative = Task(Path("1.onnx"), ("tract",), {}, {}, folder=str(models))
    assert run_batch([(0, relative)])[0][0][0].verdict == "accepted"


@pytest.mark.slow
def test_a_task_that_ends_its_worker_costs_itself_alone(cluster: str) -> None:
    batches = [[f"{letter}{at}" for at in range(3)] for letter in "abcdef"]
    batches[2][1] = "kill"
    with open_cluster(cluster, 2) as opened:
        found = dict(opened.run(shout, batches))
    assert found.pop("kill").reason.startswith("the worker that had it ended (")
    assert found == {word: word.upper() for batch in batches for word in batch if word != "kill"}


@pytest.mark.slow
def test_work_that_fails_everywhere_is_one_error(cluster: str) -> None:
    with (
        open_cluster(cluster, 2) as opened,
        pytest.raises(BackendError, match=r"cannot run this \(.*\); install the same graphfix"),
    ):
        dict(opened.run(fail, [["a"], ["b"]]))


def test_a_batch_whose_worker_ended_is_tried_task_by_task() -> None:
    from concurrent.futures import Future

    asked: list[list[str]] = []

    def submit(given: object, batch: Sequence[str]) -> Future[list[str]]:
        asked.append(list(batch))
        future: Future[list[str]] = Future()
        if "bad" in batch or len(asked) == 1:
            future.set_exception(OSError("gone"))
        else:
            future.set_result([word.upper() for word in batch])
        return future

    found = dict(Cluster(submit, 1, (OSError,)).run(shout, [["a", "b"], ["c", "bad"], ["d"]]))
    assert found.pop("bad") == Lost(0.0, gone="OSError")
    assert found == {"a": "A", "b": "B", "c": "C", "d": "D"}
    assert [batch for batch in asked if "bad" in batch] == [["c", "bad"], ["bad"]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no signals to send")
def test_a_spawned_worker_is_lost_and_replaced_like_a_forked_one() -> None:
    workers = ForkedWorkers(work, lambda task: 1.0, 2, spawned)
    found = list(workers.run(["a", "crash", "b", "exit", "hang", "c"]))
    assert [one if isinstance(one, str) else one.crashed for one in found] == ["A", "SIGSEGV", "B", "exit code 3", "", "C"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slurm", "there is no kind of cluster `slurm`"),
        ("dask", "--backend dask is no cluster; write --backend dask=ADDRESS"),
        ("loky=here", "--backend loky=here is no cluster; write --backend loky"),
    ],
)
def test_what_is_no_cluster_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught, open_cluster(text, 1):
        pass
    assert said in caught.value.line()


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"--backend ray needs ray; install it with `pip install 'graphfix\[ray\]'`"):
        open_cluster("ray=auto", None).__enter__()


@pytest.mark.slow
def test_nobody_at_the_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setattr("graphfix.ir.clusters.ANSWER", 1)
    with pytest.raises(BackendError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        open_cluster("dask=tcp://127.0.0.1:9", None).__enter__()


def test_lint_imports_no_cluster_and_no_file_system(models: Path) -> None:
    import subprocess

    code = (
        "import sys, io, contextlib\nfrom graphfix.cli.app import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main(['lint', {str(models / '1.onnx')!r}, '--target', 'tract', '--isolated', '--output-format', 'json'])\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in run.stdout.split()}
    assert packages.isdisjoint({"joblib", "dask", "distributed", "ray", "pyarrow", "fsspec", "concurrent", "multiprocessing"})
