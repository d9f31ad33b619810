"""`graphfix ci`: lint the models that changed in git, and fix them in place or show a diff; for hooks and CI servers."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.cli.commands.fix import configure as declare_fix
from graphfix.cli.model_paths import models_in
from graphfix.cli.next_command import complete_steps
from graphfix.cli.options import add_fail_on, add_shared, counts, destination, exit_code
from graphfix.cli.progress import progress
from graphfix.cli.run_settings import ModelSettings, add_policy, model_settings, save_baselines
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.linter.diagnostics import Result
from graphfix.lowering.source import recognise_source
from graphfix.report import renderer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from graphfix.cli.fix_in_place import FixedModel

TEXT_FORMATS = ("text", "concise")
"""Formats that a diff can be printed after."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a model, a folder or a glob (the current folder)")
    parser.add_argument("--changed-since", metavar="REV", help="only models that differ from where REV and HEAD parted")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--fix", action="store_true", help="fix rejected models in place, verified")
    how.add_argument("--diff", action="store_true", help="show what --fix would change, and exit 1 if anything")
    parser.add_argument("--no-confirm", action="store_true", help="with --fix: do not run compilers, even where one is installed")
    parser.add_argument("--commit", metavar="MESSAGE", help="with --fix: commit the fixed models, and nothing else")
    parser.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=FILE", help="also write a report there (repeatable)"
    )
    parser.add_argument("--jobs", "-j", type=int, default=1, metavar="N", help="lint models in N processes (default: 1)")
    add_policy(parser)
    add_shared(parser)
    add_fail_on(parser)
    parser.set_defaults(output_format=None)


def run(given: argparse.Namespace) -> int:
    """Lint, and fix where requested; exit 0 without findings that count, 1 with some, 2 when a model was not linted."""
    reports = dict(_reports(given.report))
    if given.commit is not None and not given.fix:
        raise UsageError("--commit commits what --fix fixed", hint="add --fix")
    if given.jobs < 1:
        raise UsageError(f"--jobs {given.jobs} is not a number of processes", hint="give 1 or more")
    models = list(_without_pointers(_chosen(given)))
    settings = model_settings(given, models)
    for target in dict.fromkeys(target for one in settings for target in one.targets):
        table(target)
    output_format = given.output_format or (settings[0].config.output_format if settings else "text")
    renderer(output_format)  # raises for an unknown format before any work
    if given.diff and output_format not in TEXT_FORMATS and given.output_file is None:
        raise UsageError(f"--diff cannot follow {output_format} on stdout", hint="add --output-file FILE, or --report")
    if not models:
        since = f" has changed since {given.changed_since}" if given.changed_since else " is here to lint"
        notice(f"no model{since}")
    results, fixed = _lint_and_fix(given, settings)
    _write_reports(given, output_format, reports, results, any_model=bool(models))
    return max(_conclude(given, fixed), _exit(given, settings, results))


def _write_reports(
    given: argparse.Namespace,
    output_format: str,
    reports: Mapping[Path, str],
    results: Sequence[Result],
    *,
    any_model: bool,
) -> None:
    """Write the main report and those of --report; without a model there is no report for people."""
    with destination(given.output_file) as out:
        if any_model and output_format == "text":
            from graphfix.report.text import render

            render(results, out, full=given.full)
        elif any_model or output_format != "text":
            renderer(output_format)(results, out)
    for path, report_format in reports.items():
        with destination(path) as out:
            renderer(report_format)(results, out)


def _chosen(given: argparse.Namespace) -> list[Path]:
    """The models to lint; with --changed-since only those that git lists as changed."""
    paths = given.paths or ["."]
    source = next(filter(None, map(recognise_source, paths)), None)
    if source is not None:
        hint = "convert it with `graphfix lower`, or lint it as it is with `graphfix lint`"
        raise UsageError(f"ci lints ONNX models, not {source.title}", path=source.text, hint=hint)
    if given.changed_since is None:
        return list(models_in(paths))
    from graphfix.cli.git import changed_since

    existing = [position for path in paths for position in ([Path(path)] if Path(path).exists() else models_in([path]))]
    return changed_since(given.changed_since, existing)


def _without_pointers(models: Sequence[Path]) -> Iterator[Path]:
    """Yield the models except Git LFS pointers, which are reported on stderr."""
    from graphfix.ir.skeleton import is_pointer

    for model in models:
        if is_pointer(model):
            notice(f"{model}: skipped, it is a Git LFS pointer and not the model; run `git lfs pull`")
        else:
            yield model


def _lint_and_fix(given: argparse.Namespace, settings: Sequence[ModelSettings]) -> tuple[list[Result], list[FixedModel]]:
    """Return the Results of every model, after fixing where requested, with the policy applied; and the fixed models."""

    from graphfix.cli.fixing_models import fix_or_say, has_counting_finding
    from graphfix.cli.lint_jobs import Task, run_tasks
    from graphfix.rewriting.confirmed_findings import add_confirmed

    tasks = [Task.under(one) for one in settings]
    results: list[Result] = []
    fixed: list[FixedModel] = []
    outputs: dict[str, str] = {}
    with progress(len(tasks), "linting") as step:
        for position, (found, _) in enumerate(run_tasks(tasks, given.jobs, watch=given.watch)):
            one = settings[position]
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            elif (given.fix or given.diff) and has_counting_finding(one, found, given.fail_on or one.config.fail_on):
                in_place = fix_or_say(one, write=given.fix, confirm=not given.no_confirm)
                if in_place is not None:
                    fixed.append(in_place)
                    if given.fix:
                        found = list(in_place.results)
                        add_confirmed(found, in_place.confirmed)
            one.apply_policy(found, [other.model for other in settings[position + 1 :]])
            complete_steps(found, given, declare_fix, outputs)
            results.extend(found)
            step(one.model.name)
    save_baselines(settings, update=given.update_baseline)
    return results, fixed


def _conclude(given: argparse.Namespace, fixed: Sequence[FixedModel]) -> int:
    """Print the diffs and commit the written files; returns 1 where a diff was requested and is not empty."""
    changed = [one for one in fixed if one.diff]
    if given.diff:
        sys.stdout.writelines(one.diff for one in changed)
        return int(bool(changed))
    files = [file for one in changed for file in one.files]
    if files:
        names = ", ".join(one.results[0].model for one in changed)
        notice(f"fixed in place: {names}")
        if given.commit is not None:
            from graphfix.cli.git import commit_files

            notice(f"committed as {commit_files(given.commit, files)}")
    return 0


def _exit(given: argparse.Namespace, settings: Sequence[ModelSettings], results: Sequence[Result]) -> int:
    """Return the exit code over all models; prints the command that fixes the models that a rewrite may fix."""
    by_model = {str(one.model): one for one in settings}
    codes, fixable = [0], []
    for result in results:
        one = by_model[result.model]
        level = given.fail_on or one.config.fail_on
        codes.append(exit_code([result], level))
        counting = [finding for finding in result.findings if counts(finding, level)]
        if any(finding.rewrite is not None for finding in counting) and not one.values:
            fixable.append(result.model)
    if fixable and not (given.fix or given.diff):
        options = [*(["--target", given.target] if given.target else []), *(f"--shape={shape}" for shape in given.shape)]
        words = shlex.join(["graphfix", "ci", "--fix", *options, *dict.fromkeys(fixable)])
        notice(f"to fix in place, verified: {words}")
    return max(codes)


def _reports(given: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield the files of --report and the formats to write there."""
    for word in given:
        report_format, equals, file = word.partition("=")
        if not equals or not file:
            raise UsageError(f"`--report {word}` is not FORMAT=FILE", hint="write for example sarif=graphfix.sarif")
        renderer(report_format)
        yield Path(file), report_format
