"""`graphfix ci`: lint the models that changed in git, mend them in place or show how; what hooks and servers call."""

from __future__ import annotations

import argparse
import copy
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphfix.commands.options import RANKS, add_fail_on, add_shared, destination, exit_code
from graphfix.commands.settled import Settled, add_policy, save_baselines, settled
from graphfix.diagnostic import Result
from graphfix.engine import models_in, table
from graphfix.errors import GraphfixError, UsageError
from graphfix.linting import Task, carried_out
from graphfix.lowering.source import recognised
from graphfix.mending import Mended, mend
from graphfix.policy import Policy
from graphfix.progress import progress
from graphfix.report import renderer
from graphfix.skeleton import is_pointer

PEOPLE = ("text", "concise")
"""Formats that a diff may follow."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a model, a folder or a glob (the current folder)")
    parser.add_argument("--changed-since", metavar="REV", help="only models that differ from where REV and HEAD parted")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--fix", action="store_true", help="mend rejected models in place, verified")
    how.add_argument("--diff", action="store_true", help="show what --fix would change, and exit 1 if anything")
    parser.add_argument("--commit", metavar="MESSAGE", help="with --fix: commit the mended models, and nothing else")
    parser.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=FILE", help="also write a report there (repeatable)"
    )
    parser.add_argument("--jobs", "-j", type=int, default=1, metavar="N", help="judge models in N processes (1)")
    add_policy(parser)
    add_shared(parser)
    add_fail_on(parser)
    parser.set_defaults(output_format=None)


def run(given: argparse.Namespace) -> int:
    """Lint, and mend if asked; exit 0 when nothing is left that counts, 1 when something is, 2 when not all was judged."""
    reports = dict(_reports(given.report))
    if given.commit is not None and not given.fix:
        raise UsageError("--commit commits what --fix mended", hint="add --fix")
    if given.jobs < 1:
        raise UsageError(f"--jobs {given.jobs} is no number of processes", hint="give 1 or more")
    models = list(_fetched(_chosen(given)))
    settings = settled(given, models)
    for target in dict.fromkeys(target for one in settings for target in one.targets):
        table(target)
    output_format = given.output_format or (settings[0].config.output_format if settings else "text")
    write = renderer(output_format)
    if given.diff and output_format not in PEOPLE and given.output_file is None:
        raise UsageError(f"--diff cannot follow {output_format} on stdout", hint="add --output-file FILE, or --report")
    if not models:
        since = f" has changed since {given.changed_since}" if given.changed_since else " is here to judge"
        print(f"graphfix: no model{since}", file=sys.stderr)
    results, mended = _judge(given, settings)
    with destination(given.output_file) as out:
        if models and output_format == "text":
            from graphfix.report.text import render

            render(results, out, full=given.full)
        elif models or output_format != "text":
            write(results, out)
    for path, form in reports.items():
        with destination(path) as out:
            renderer(form)(results, out)
    return max(_conclude(given, mended), _exit(given, settings, results))


def _chosen(given: argparse.Namespace) -> list[Path]:
    """The models to look at; with --changed-since those of them that git tells of."""
    paths = given.paths or ["."]
    source = next(filter(None, map(recognised, paths)), None)
    if source is not None:
        hint = "write it with `graphfix lower`, or judge it as it is with `graphfix lint`"
        raise UsageError(f"ci judges models of ONNX, not {source.title}", path=source.text, hint=hint)
    if given.changed_since is None:
        return list(models_in(paths))
    from graphfix.revisions import changed_since

    places = [place for path in paths for place in ([Path(path)] if Path(path).exists() else models_in([path]))]
    return changed_since(given.changed_since, places)


def _fetched(models: Sequence[Path]) -> Iterator[Path]:
    """The models that are here: what Git LFS has left on its server is skipped, and said to be."""
    for model in models:
        if is_pointer(model):
            print(f"graphfix: {model}: skipped, it is a Git LFS pointer and not the model; run `git lfs pull`", file=sys.stderr)
        else:
            yield model


def _judge(given: argparse.Namespace, settings: Sequence[Settled]) -> tuple[list[Result], list[Mended]]:
    """The Results of every model, after mending where that is asked, held against the settings; and what was mended."""
    tasks = [Task(one.model, one.targets, one.shapes, one.values) for one in settings]
    results: list[Result] = []
    mended: list[Mended] = []
    with progress(len(tasks), "linting") as step:
        for place, (found, _) in enumerate(carried_out(tasks, given.jobs)):
            one = settings[place]
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            elif (given.fix or given.diff) and _counts(given, one, found):
                try:
                    made = mend(one.model, one.targets, one.shapes, one.values, one.config, write=given.fix)
                except GraphfixError as error:
                    print(f"graphfix: {error.line()}", file=sys.stderr)
                else:
                    mended.append(made)
                    found = list(made.results) if given.fix else found
            one.hold(found, [other.model for other in settings[place + 1 :]])
            results.extend(found)
            step(one.model.name)
    save_baselines(settings, update=given.update_baseline)
    return results, mended


def _counts(given: argparse.Namespace, one: Settled, found: Sequence[Result]) -> bool:
    """Whether the settings leave a finding that counts; the findings themselves, and what is known of them, stay."""
    trial = Policy(one.policy.config, one.policy.baseline, shrinks=False)
    tried = copy.deepcopy(list(found))
    for result in tried:
        trial.apply(result)
    return exit_code(tried, given.fail_on or one.config.fail_on) == 1


def _conclude(given: argparse.Namespace, mended: Sequence[Mended]) -> int:
    """Print the diffs, commit what was written, and name the command that mends; 1 where a diff was asked and there is one."""
    changed = [one for one in mended if one.diff]
    if given.diff:
        sys.stdout.writelines(one.diff for one in changed)
        return int(bool(changed))
    files = [file for one in changed for file in one.files]
    if files:
        names = ", ".join(one.results[0].model for one in changed)
        print(f"graphfix: mended in place: {names}", file=sys.stderr)
        if given.commit is not None:
            from graphfix.revisions import commit_files

            print(f"graphfix: committed as {commit_files(given.commit, files)}", file=sys.stderr)
    return 0


def _exit(given: argparse.Namespace, settings: Sequence[Settled], results: Sequence[Result]) -> int:
    """The exit code over all models; models that a rewrite may mend are named with the command that does it."""
    by_model = {str(one.model): one for one in settings}
    codes, able = [0], []
    for result in results:
        one = by_model[result.model]
        level = given.fail_on or one.config.fail_on
        codes.append(exit_code([result], level))
        grave = [finding for finding in result.findings if finding.severity.weight >= RANKS[level]]
        if any(finding.rewrite is not None for finding in grave) and not one.values:
            able.append(result.model)
    if able and not (given.fix or given.diff):
        options = [*(["--target", given.target] if given.target else []), *(f"--shape={shape}" for shape in given.shape)]
        words = shlex.join(["graphfix", "ci", "--fix", *options, *dict.fromkeys(able)])
        print(f"graphfix: to mend in place, verified: {words}", file=sys.stderr)
    return max(codes)


def _reports(given: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Files and the formats to write there."""
    for word in given:
        form, equals, file = word.partition("=")
        if not equals or not file:
            raise UsageError(f"`--report {word}` is not FORMAT=FILE", hint="write for example sarif=graphfix.sarif")
        renderer(form)
        yield Path(file), form
