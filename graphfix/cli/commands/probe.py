"""`graphfix probe`: measure a compiler with one-node models and write, or check, its support tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from graphfix.cli.cluster_options import add_cluster
from graphfix.errors import BackendError, UsageError

FURTHER = ("check", "elsewhere", "active", "fixes", "placement", "artifact", "resized", "precision", "jobs", "cluster")
"""Options that only targets measured from one-node ONNX models take."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--target", "-t", required=True, metavar="T[@VERSION]", help="the compiler to measure")
    parser.add_argument(
        "--op", nargs="+", action="extend", default=[], metavar="OP", help="operators, as the tables name them (all)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; print the probes whose result differs from the recorded one"
    )
    parser.add_argument(
        "--new", action="store_true", help="ask only about probes of which this version of the compiler has no recorded answer"
    )
    parser.add_argument(
        "--elsewhere", action="store_true", help="ask also about the variants that active probing made for other targets"
    )
    parser.add_argument(
        "--active", action="store_true", help="measure variants of rejected probes until each entry of the tables has enough"
    )
    parser.add_argument("--fixes", action="store_true", help="try rewrites on the rejected probes, to find what fixes each entry")
    parser.add_argument(
        "--placement", action="store_true", help="find out which implementation runs the supported probes, to find fallbacks"
    )
    parser.add_argument("--artifact", action="store_true", help="write the supported probes, to find what has no artifact")
    parser.add_argument("--resized", action="store_true", help="run the supported probes at other sizes of their dynamic dims")
    parser.add_argument(
        "--precision", action="store_true", help="measure which precisions and quantised forms of small models are supported"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="with --check: repeat only N of the recorded probes")
    parser.add_argument("--seed", type=int, metavar="N", help="with --sample: which ones (0)")
    parser.add_argument(
        "--evidence", type=Path, metavar="DIR", help="store results here, so that an interrupted run can continue"
    )
    add_cluster(parser, "operators measured at a time (as many as there are processors)")
    parser.add_argument("--rules", type=Path, metavar="DIR", help="where the tables are, instead of graphfix's own")


def run(given: argparse.Namespace) -> int:
    """Measure; exit 0 when done, 1 when --check found an answer or a table that differs, 2 without the compiler."""
    from graphfix.backends.base import onnx_backends
    from graphfix.backends.toolchain import find
    from graphfix.errors import nearest
    from graphfix.tables.deployment import parted
    from graphfix.tables.versions import canonical_target, starts_from_torch, torch_targets

    given.target = canonical_target(given.target)
    name, _, version = given.target.partition("@")
    known = [*onnx_backends(), *torch_targets()]
    if name not in known:
        raise UsageError(f"unknown target `{name}`", hint=nearest(name, known))
    _check_options(given)
    found = find(name, version or None)
    if found is None:
        raise BackendError(f"{given.target} is not installed", hint=f"install it with `graphfix backends install {given.target}`")
    if parted(name, version)[1]:
        return _measure_deployed(given, found.python)
    if starts_from_torch(name):
        return _measure_aten(given, name, found.python)
    if given.precision:
        return _measure_precision(given, name, found.python)
    if given.fixes and not given.check:
        return _measure_fixes(given, name, found.python)
    if given.active:
        return _probe_actively(given, name, found.python)
    if given.placement:
        return _place_probes(given, name, found.python)
    if given.artifact:
        return _write_probes(given, name, found.python)
    if given.resized:
        return _resize_probes(given, name, found.python)
    return _check_probes(given, name, found.python) if given.check else _measure(given, name, found.python, found.version)


def _check_options(given: argparse.Namespace) -> None:
    """Raise UsageError for options that do not go together, or values out of range."""
    if not given.check and (given.sample is not None or given.seed is not None):
        raise UsageError("--sample and --seed choose what --check asks again", hint="add --check")
    if given.sample is not None and given.sample < 1:
        raise UsageError(f"a sample of {given.sample} probes asks nothing", hint="ask at least 1")
    if given.jobs is not None and (given.check or given.jobs < 1):
        raise UsageError("--jobs says how many operators are measured at a time", hint="measure without --check, 1 at least")
    others = (given.check, given.placement, given.artifact, given.resized, given.precision)
    if given.cluster is not None and any(others):
        raise UsageError("--backend is where operators are measured", hint="leave it out, or measure without such options")
    if sum((given.placement, given.artifact, given.resized, given.fixes, given.active, given.precision)) > 1:
        ways = "--active, --placement, --artifact, --resized, --precision and --fixes"
        raise UsageError(f"{ways} are measurements of their own", hint="run one after the other")
    if given.new and (any(others) or given.fixes or given.active):
        raise UsageError("--new measures probes of which nothing is recorded", hint="leave out the other ways to measure")
    if given.elsewhere and (any(others) or given.fixes or given.active):
        raise UsageError("--elsewhere adds to the probes of the forms", hint="leave out the other ways to measure")
    if given.active and given.check:
        raise UsageError("--check alone asks again about all that was recorded", hint="leave out --active")
    if given.precision and (given.op or given.check):
        raise UsageError("--precision measures whole models", hint="leave out --op and --check")
    if given.resized and given.check:
        raise UsageError("--resized is not checked", hint="measure it again, and compare the tables")
    if (given.placement or given.artifact or given.resized) and given.jobs is not None:
        raise UsageError("--jobs says how many operators are measured at a time", hint="place probes without --jobs")
    if given.check and given.evidence is not None:
        raise UsageError("--check asks anew, and --evidence would answer it from what was said before", hint="leave one out")


def _jobs(given: argparse.Namespace) -> int:
    """Return the number of jobs; 0 for all that a cluster has."""
    return int(given.jobs or (0 if given.cluster else os.cpu_count() or 1))


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measure(given: argparse.Namespace, name: str, python: str, version: str) -> int:
    """Measure all probes and write the tables."""
    from graphfix.probe.run import run as measure

    started = time.monotonic()
    jobs = _jobs(given)
    outcome = measure(
        name,
        given.op,
        python=python,
        home=given.rules,
        evidence=given.evidence,
        report=_log,
        jobs=jobs,
        cluster=given.cluster,
        only_new=given.new,
        elsewhere=given.elsewhere,
    )
    changed = [one.op for one in outcome if one.changed]
    count, seconds = sum(one.probes for one in outcome), time.monotonic() - started
    print(f"{name} {version}: {count} probes of {len(outcome)} operators in {seconds:.0f} s")
    print(f"{len(changed)} tables changed{': ' if changed else ''}{', '.join(changed)}")
    return 0


def _measure_deployed(given: argparse.Namespace, python: str) -> int:
    """Ask all probes for a deployment target, and write the tables of the operators of which some differ."""
    from graphfix.probe.deployed import measure_deployed

    if any(getattr(given, name) for name in FURTHER):
        raise UsageError(
            f"{given.target} is measured as what differs, in one process", hint="only --op and --evidence go with it"
        )
    found = measure_deployed(given.target, given.op, python=python, home=given.rules, evidence=given.evidence, report=_log)
    differing = [one.op for one in found if one.differing]
    print(f"{given.target}: {sum(one.probes for one in found)} probes, {sum(one.differing for one in found)} differ")
    print(f"{len(differing)} tables{': ' if differing else ''}{', '.join(differing)}")
    return 0


def _measure_aten(given: argparse.Namespace, name: str, python: str) -> int:
    """Measure ATen operators and write the tables."""
    from graphfix.probe.aten.run import measure_aten
    from graphfix.probe.run import kept_answers

    chosen = next((other for other in FURTHER if getattr(given, other)), None)
    if chosen is not None:
        raise UsageError(f"--{chosen} is not for ATen operators", hint="leave it out")
    with kept_answers(given.evidence) as answers:
        outcome = measure_aten(name, given.op, python=python, home=given.rules, evidence=answers, report=_log)
    print(f"{name} {outcome.version}: {outcome.probes} probes, {outcome.tables} tables; {outcome.dropped} calls gave no evidence")
    return 0


def _measure_fixes(given: argparse.Namespace, name: str, python: str) -> int:
    """Try rewrites on refused probes and write into the tables what fixed them."""
    import contextlib
    import tempfile

    from graphfix.probe.fix_measure import measure_fixes

    with contextlib.ExitStack() as stack:
        answers = given.evidence or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-fixes-")))
        jobs = _jobs(given)
        outcome = measure_fixes(
            name, given.op, python=python, home=given.rules, answers=answers, report=_log, jobs=jobs, cluster=given.cluster
        )
    print(f"{name} {outcome.version}: {outcome.fixed} of {outcome.tried} rejected probes fixed")
    return 0


def _probe_actively(given: argparse.Namespace, name: str, python: str) -> int:
    """Measure variants of rejected probes and write the tables again."""
    from graphfix.probe.active_run import probe_actively

    started = time.monotonic()
    jobs = _jobs(given)
    outcome = probe_actively(
        name, given.op, python=python, home=given.rules, evidence=given.evidence, report=_log, jobs=jobs, cluster=given.cluster
    )
    seconds = time.monotonic() - started
    print(f"{name} {outcome.version}: {outcome.asked} variants of {outcome.operators} operators in {seconds:.0f} s")
    print(f"entries below the floor: {outcome.before} before, {outcome.after} after")
    print(f"{len(outcome.changed)} tables changed{': ' if outcome.changed else ''}{', '.join(outcome.changed)}")
    return 0


def _measure_precision(given: argparse.Namespace, name: str, python: str) -> int:
    """Measure the forms of the small models, and write the table of precisions."""
    from graphfix.probe.precision_run import measure_precision

    started = time.monotonic()
    made = measure_precision(name, python=python, home=given.rules, evidence=given.evidence, report=_log)
    verdicts = [one.verdict() for one in made.forms if one.answers]
    print(f"{name} {made.version}: {len(verdicts)} forms in {time.monotonic() - started:.0f} s")
    print(", ".join(f"{verdicts.count(each)} {each}" for each in sorted(set(verdicts))))
    return 0


def _place_probes(given: argparse.Namespace, name: str, python: str) -> int:
    """Measure what runs the supported probes and write the tables of fallbacks; with --check, print the differences."""
    from graphfix.probe.survey import resurvey, survey

    if given.check:
        again = resurvey(name, given.op, python=python, home=given.rules, sample=given.sample, seed=given.seed or 0)
        for moved in again.moved:
            print(moved)
        counts = f"{again.asked} probes placed again of {again.known} recorded, {len(again.moved)} run otherwise"
        print(f"{name} {again.version}: {counts}")
        return int(bool(again.moved))
    outcome = survey(name, given.op, python=python, home=given.rules, evidence=given.evidence, report=_log)
    print(f"{name} {outcome.version}: {outcome.placed} probes placed, {outcome.on_fallback} on a fallback")
    print(f"{outcome.changed} tables of fallbacks changed")
    return 0


def _write_probes(given: argparse.Namespace, name: str, python: str) -> int:
    """Write an artifact of the supported probes, and the tables of what has none; with --check, print the differences."""
    from graphfix.probe.artifacts import check_artifacts, measure_artifacts

    if given.check:
        again = check_artifacts(name, given.op, python=python, home=given.rules, sample=given.sample, seed=given.seed or 0)
        for moved in again.moved:
            print(moved)
        print(f"{name} {again.version}: {again.asked} probes written again, {len(again.moved)} answer otherwise")
        return int(bool(again.moved))
    outcome = measure_artifacts(name, given.op, python=python, home=given.rules, evidence=given.evidence, report=_log)
    print(f"{name} {outcome.version}: {outcome.asked} probes written, {outcome.unwritten} cannot be")
    print(f"{len(outcome.changed)} tables of artifacts changed")
    return 0


def _resize_probes(given: argparse.Namespace, name: str, python: str) -> int:
    """Run the supported probes at other sizes of their dynamic dims, and write the tables of what runs at one only."""
    from graphfix.probe.resizing import measure_resized

    outcome = measure_resized(name, given.op, python=python, home=given.rules, evidence=given.evidence, report=_log)
    counts = f"{outcome.fails} fail and {outcome.wrong} compute something else"
    print(f"{name} {outcome.version}: {outcome.asked} probes run at other sizes, {counts}")
    print(f"{len(outcome.changed)} tables of them changed")
    return 0


def _check_probes(given: argparse.Namespace, name: str, python: str) -> int:
    """Measure the recorded probes and fixes again and print the differences; nothing is written.

    With --fixes only the fixes are measured again.
    """
    from graphfix.probe.drift import check
    from graphfix.probe.fix_drift import check_fixes

    sample, seed = given.sample, given.seed or 0
    fixes = check_fixes(name, given.op, python=python, home=given.rules, sample=sample, seed=seed, report=_log)
    for each in fixes.drifted:
        print(each)
    print(f"{name}: {fixes.tried} fixes tried again of {fixes.known} recorded, {len(fixes.drifted)} end otherwise")
    if given.fixes:
        return int(bool(fixes.drifted))
    outcome = check(name, given.op, python=python, home=given.rules, sample=given.sample, seed=given.seed or 0, report=_log)
    for drift in outcome.drifted:
        print(drift)
    counts = f"{outcome.asked} probes repeated of {outcome.known} recorded, {len(outcome.drifted)} differ"
    print(f"{name} {outcome.version}: {counts}")
    if outcome.missing:
        hint = f"measure anew with `graphfix probe --target {name}@{outcome.version}`"
        print(f"of those recorded {outcome.missing} are no longer built; {hint}")
    if given.sample is None:
        print(f"{len(outcome.changed)} tables would change{': ' if outcome.changed else ''}{', '.join(outcome.changed)}")
    return int(bool(outcome.drifted or outcome.changed or fixes.drifted))
