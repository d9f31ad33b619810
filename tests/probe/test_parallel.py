"""Measuring with several processes gives what one gives."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from graphfix.backends.base import available
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe.run import run
from graphfix.probe.write import read_archive
from tests.test_clusters import local_cluster

OPS = ("Elu", "Selu", "Hardmax")


@pytest.mark.compiler
@pytest.mark.skipif(available("tract") is None, reason="tract is not installed")
@pytest.mark.parametrize("kind", [None, "loky", "dask"])
def test_two_jobs_write_the_tables_of_one(kind: str | None, tmp_path: Path) -> None:
    alone = run("tract", OPS, home=tmp_path / "one")
    with contextlib.nullcontext() if kind is None else local_cluster(kind) as cluster:
        both = run("tract", OPS, home=tmp_path / "two", jobs=2, cluster=cluster)
    assert [outcome.op for outcome in both] == list(OPS)
    assert both == alone
    (one,), (two,) = ((tmp_path / name / "tract").iterdir() for name in ("one", "two"))
    assert sorted(read_archive(one), key=str) == sorted(read_archive(two), key=str)
    for op in OPS:
        assert (one / f"{op}.json").read_text() == (two / f"{op}.json").read_text()


@pytest.mark.compiler
@pytest.mark.skipif(available("tract") is None, reason="tract is not installed")
def test_an_operator_nobody_knows_stops_all_jobs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no form describes `Nonesuch`"):
        run("tract", ["Elu", "Nonesuch"], home=tmp_path, jobs=2)


def test_no_job_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "tract", "--jobs", "0"]) == 2
    assert "--jobs says how many" in capsys.readouterr().err


def test_only_what_is_measured_by_operators_runs_on_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "tract", "--check", "--backend", "loky"]) == 2
    assert "--backend is where operators are measured" in capsys.readouterr().err
