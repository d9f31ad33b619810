"""`graphfix probe`: ask a compiler about one-node models and write, or check, its support tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from graphfix.errors import BackendError, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--target", "-t", required=True, metavar="T[@VERSION]", help="the compiler to measure")
    parser.add_argument(
        "--op", nargs="+", action="extend", default=[], metavar="OP", help="operators, as the tables name them (all)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; say which probes answer otherwise than recorded")
    parser.add_argument("--placement", action="store_true", help="ask what runs the probes that it takes, to find fallbacks")
    parser.add_argument("--sample", type=int, metavar="N", help="with --check: ask N of the recorded probes only")
    parser.add_argument("--seed", type=int, metavar="N", help="with --sample: which ones (0)")
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="keep answers here, so that an interrupted run goes on")
    parser.add_argument("--jobs", type=int, metavar="N", help="operators measured at a time (as many as there are processors)")
    parser.add_argument("--rules", type=Path, metavar="DIR", help="where the tables are, instead of graphfix's own")


def run(given: argparse.Namespace) -> int:
    """Measure; exit 0 when done, 1 when --check found an answer or a table that differs, 2 without the compiler."""
    from graphfix.backends.base import backends
    from graphfix.backends.toolchain import find
    from graphfix.errors import nearest

    name, _, version = given.target.partition("@")
    if name not in backends():
        raise UsageError(f"unknown target `{name}`", hint=nearest(name, backends()))
    if not given.check and (given.sample is not None or given.seed is not None):
        raise UsageError("--sample and --seed choose what --check asks again", hint="add --check")
    if given.sample is not None and given.sample < 1:
        raise UsageError(f"a sample of {given.sample} probes asks nothing", hint="ask at least 1")
    if given.jobs is not None and (given.check or given.jobs < 1):
        raise UsageError("--jobs says how many operators are measured at a time", hint="measure without --check, 1 at least")
    if given.placement and given.jobs is not None:
        raise UsageError("--jobs says how many operators are measured at a time", hint="place probes without --jobs")
    if given.check and given.evidence is not None:
        raise UsageError("--check asks anew, and --evidence would answer it from what was said before", hint="leave one out")
    found = find(name, version or None)
    if found is None:
        raise BackendError(f"{given.target} is not installed", hint=f"install it with `graphfix backends install {given.target}`")
    if given.placement:
        return _place(given, name, found.python)
    return _check(given, name, found.python) if given.check else _measure(given, name, found.python, found.version)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measure(given: argparse.Namespace, name: str, python: str, version: str) -> int:
    """Ask about everything and write tables."""
    from graphfix.probe.run import run as measure

    started = time.monotonic()
    jobs = given.jobs or os.cpu_count() or 1
    done = measure(name, given.op, python=python, home=given.rules, evidence=given.evidence, tell=_tell, jobs=jobs)
    changed = [outcome.op for outcome in done if outcome.changed]
    count, seconds = sum(outcome.probes for outcome in done), time.monotonic() - started
    print(f"{name} {version}: {count} probes of {len(done)} operators in {seconds:.0f} s")
    print(f"{len(changed)} tables changed{': ' if changed else ''}{', '.join(changed)}")
    return 0


def _place(given: argparse.Namespace, name: str, python: str) -> int:
    """Ask what runs what is taken, and write the tables of fallbacks, or with --check say where the answer is another."""
    from graphfix.probe.survey import resurvey, survey

    if given.check:
        again = resurvey(name, given.op, python=python, home=given.rules, sample=given.sample, seed=given.seed or 0)
        for moved in again.moved:
            print(moved)
        counts = f"{again.asked} probes placed again of {again.known} recorded, {len(again.moved)} run otherwise"
        print(f"{name} {again.version}: {counts}")
        return int(bool(again.moved))
    done = survey(name, given.op, python=python, home=given.rules, evidence=given.evidence, tell=_tell)
    print(f"{name} {done.version}: {done.told} probes placed, {done.fallen} on a fallback")
    print(f"{done.changed} tables of fallbacks changed")
    return 0


def _check(given: argparse.Namespace, name: str, python: str) -> int:
    """Ask again what was recorded, write nothing, and name what differs."""
    from graphfix.probe.drift import check

    done = check(name, given.op, python=python, home=given.rules, sample=given.sample, seed=given.seed or 0, tell=_tell)
    for drift in done.drifted:
        print(drift)
    print(
        f"{name} {done.version}: {done.asked} probes asked again of {done.known} recorded, {len(done.drifted)} answer otherwise"
    )
    if done.gone:
        hint = f"measure anew with `graphfix probe --target {name}@{done.version}`"
        print(f"of those recorded {done.gone} are no longer built; {hint}")
    if given.sample is None:
        print(f"{len(done.changed)} tables would change{': ' if done.changed else ''}{', '.join(done.changed)}")
    return int(bool(done.drifted or done.changed))
