"""`graphfix lint --fix` and `--diff`: the findings of one model fixed in place, or shown as a diff."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from graphfix.cli.fixing_models import applied_in_words, fix_or_say, has_counting_finding
from graphfix.cli.lint_jobs import Task, run_task
from graphfix.cli.run_settings import ModelSettings
from graphfix.linter.diagnostics import Result


def fixed_results(one: ModelSettings, task: Task, found: Sequence[Result], *, diff: bool, confirm: bool) -> list[Result]:
    """Fix one model that has errors, warnings or an undecided verdict, and return its Results: those of the written file.

    With `diff` the change is printed and nothing is written; the Results are then those that were found. What cannot be
    fixed is left as it is. With `confirm` the installed compilers are asked about both.
    """
    from graphfix.rewriting.confirmed_findings import add_confirmed

    if not has_counting_finding(one, found, "warning", "undecided"):
        return list(found)
    fixed = fix_or_say(one, write=not diff, confirm=confirm)
    if fixed is None or not fixed.diff:
        return list(found)
    if diff:
        sys.stdout.write(fixed.diff)
        return list(found)
    print(f"graphfix: fixed in place: {one.model}: {applied_in_words(fixed)}", file=sys.stderr)
    results, _ = run_task(task)
    for result, by_fix in zip(results, fixed.results, strict=True):
        result.changes, result.verification, result.output = by_fix.changes, by_fix.verification, by_fix.output
        result.before, result.after = by_fix.before, by_fix.after
    add_confirmed(results, fixed.confirmed)
    return results
