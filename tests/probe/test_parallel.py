"""Measuring with several processes gives what one gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphfix.backends.base import available
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe.run import run
from graphfix.probe.write import read_archive

OPS = ("Elu", "Selu", "Hardmax")


@pytest.mark.compiler
@pytest.mark.skipif(available("tract") is None, reason="tract is not installed")
def test_two_jobs_write_the_tables_of_one(tmp_path: Path) -> None:
    alone = run("tract", OPS, home=tmp_path / "one")
    both = run("tract", OPS, home=tmp_path / "two", jobs=2)
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
