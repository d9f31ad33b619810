"""`graphfix fix`: rewrite a model so that its targets support it, and write the best verified result."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.fix_outcome import mark_unfixed, unfixed_exit_code
from graphfix.cli.interface_options import add_reforms, requested
from graphfix.cli.next_command import complete_steps
from graphfix.cli.options import add_fail_on, add_shared, as_onnx, bindings, chosen_targets, destination, exit_code
from graphfix.cli.progress import spinner
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.ir.reading import named, read_whole
from graphfix.ir.records import dataclass
from graphfix.linter import config as settings
from graphfix.linter.config import Config
from graphfix.linter.diagnostics import Result
from graphfix.linter.policy import Policy
from graphfix.lowering.options import add_lowering
from graphfix.lowering.source import recognise_source
from graphfix.report import renderer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.model_size import ModelSize
    from graphfix.ir.atomic_write import FileState
    from graphfix.lowering.bringing import LoweredSource
    from graphfix.rewriting.measurement import Measure
    from graphfix.rewriting.pipeline import FixResult

SAFETY = ("approximate", "interface")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model of ONNX, or a SOURCE in one of the forms below")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", type=Path, metavar="OUT", help="write the result here")
    where.add_argument("--in-place", action="store_true", help="replace the model, atomically")
    where.add_argument("--diff", action="store_true", help="print what would change, node by node; exit 1 if anything")
    parser.add_argument("--html", type=Path, metavar="OUT", help="also write a page: the graph and findings before and after")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--allow", action="append", default=[], choices=SAFETY, help="safety classes beyond exact")
    parser.add_argument("--unsafe-fixes", action="store_true", help="allow approximate and interface-changing rewrites")
    named = "apply these rewrites, also to nodes that are supported; OP restricts one to an operator or a node"
    parser.add_argument("--rewrite", action="append", default=[], metavar="NAME[:OP][,NAME...]", help=named)
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="inputs to verify with, by input name")
    parser.add_argument("--why", action="store_true", help="for every finding that remains: which rewrites declined, and why")
    parser.add_argument("--confirm", action="store_true", help="also run the real compilers, and fix what they reject")
    parser.add_argument(
        "--no-confirm", action="store_true", help="do not compile the original and the result, even where a compiler is installed"
    )
    parser.add_argument("--rtol", type=float, help="relative tolerance on outputs, instead of each rewrite's own")
    parser.add_argument("--atol", type=float, help="absolute tolerance on outputs, instead of each rewrite's own")
    parser.add_argument(
        "--precision",
        metavar="P",
        help="instead, convert to float16, bfloat16, or mixed: float16 but for nodes that need float32",
    )
    parser.add_argument("--budget", metavar="BOUND", help="with --precision: top1=0.5%%, snr=40dB or max=1e-2, for every output")
    add_reforms(parser)
    add_shared(parser)
    add_fail_on(parser)
    add_lowering(parser)


def run(given: argparse.Namespace) -> int:
    """Fix one model; exit 0 when the result suits its targets, 1 when it does not, 2 on an error."""
    from graphfix.ir.atomic_write import writable

    if given.precision is not None or given.budget is not None:
        from graphfix.cli.narrowing_models import narrow, unused_budget

        if given.precision is None:
            unused_budget(given)
        return narrow(given, read_data)
    write = renderer(given.output_format)
    source = recognise_source(given.model)
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    for target in targets:
        table(target)
    goal = given.model if given.in_place else given.output
    if source is not None and goal == given.model:
        hint = "name a result with -o OUT.onnx"
        raise UsageError("it is no ONNX model, which alone can be replaced", path=given.model, hint=hint)
    if given.diff and given.html is not None:
        raise UsageError("--html shows a result, and --diff writes none", hint="name a result with -o OUT.onnx")
    if goal is not None:
        writable(goal, force=given.force or given.in_place)
    if given.html is not None:
        writable(given.html, force=given.force)
    output = None
    with contextlib.ExitStack() as stack:
        say = stack.enter_context(spinner())
        fixing = _fix(stack, given, config, targets, say)
        if not given.diff:
            say(f"writing {goal}")
            output = _save(fixing, goal, given)
    if given.diff:
        sys.stdout.write(fixing.diff)
        for sentence in fixing.fixed.unmet:
            _warn(sentence)
        if not fixing.diff and not fixing.fixed.unmet:
            print(f"graphfix: {given.model}: {_unchanged(fixing.fixed.results)}", file=sys.stderr)
        return int(bool(fixing.diff or fixing.fixed.unmet))
    results = _finished_results(fixing, Policy(config), output, given)
    if given.html is not None:
        from graphfix.cli.model_pages import write_fix_page

        write_fix_page(given.html, fixing.original, fixing.fixed.model, results, Policy(config))
    _report(results, given, write)
    for sentence in fixing.fixed.unmet:
        _warn(sentence)
    code = unfixed_exit_code(results, exit_code(results, given.fail_on or config.fail_on))
    return max(code, int(bool(fixing.fixed.unmet)))


@dataclass(frozen=True, slots=True)
class Fixing:
    """The outcome of fixing: the original and the fixed model, the lowered source if any, and whether weights are external.

    `diff` is the diff of the nodes, empty where it was not requested; `before` and `after` are None where it was. `state` is
    that of the file when it was read.
    """

    original: ModelProto
    fixed: FixResult
    lowered_source: LoweredSource | None
    external: bool
    diff: str
    before: ModelSize | None = None
    after: ModelSize | None = None
    state: FileState | None = None


def _fix(
    stack: contextlib.ExitStack, given: argparse.Namespace, config: Config, targets: Sequence[str], say: Callable[[str], None]
) -> Fixing:
    """Lower the model where needed, and fix it for the targets, with the compilers' verdicts where requested."""
    from graphfix.analysis.model_size import ModelSize
    from graphfix.ir.atomic_write import file_state
    from graphfix.ir.file_size import file_has_external, model_bytes
    from graphfix.linter.engine import judge
    from graphfix.report.model_diff import node_diff
    from graphfix.rewrites.interface.target_interface import with_image_batch
    from graphfix.rewriting.fix_options import FixOptions
    from graphfix.rewriting.pipeline import fix_model
    from graphfix.rewriting.remaining import advise_remaining
    from graphfix.rewriting.requested import parse_rewrites

    allow = frozenset(SAFETY if given.unsafe_fixes else (*config.allow, *given.allow))
    rewrites = parse_rewrites(given.rewrite, {"exact", *allow})
    shapes, values = bindings(given.shape, given.set, config)
    file, lowered_source = stack.enter_context(as_onnx(given.model, given, targets, shapes, values))
    say(f"reading {given.model}")
    state = file_state(file)
    model = read_whole(file)
    external = file_has_external(file)
    ask = confirm_results = None
    if given.confirm:
        from graphfix.backends.compile.consult import consult_compilers

        ask, confirm_results = stack.enter_context(consult_compilers(targets, _warn, named(model, shapes), values))
    options = FixOptions(
        targets=targets, shapes=with_image_batch(model, targets, named(model, shapes)), values=values, data=read_data(given.data),
        allow=allow, rewrites=rewrites,
        rtol=given.rtol if given.rtol is not None else config.rtol,
        atol=given.atol if given.atol is not None else config.atol,
        interface=requested(model, given, targets), ask=ask, explain=given.why, measure=_measure(stack, given, say),
        progress=lambda rewrite: say(f"trying the rewrite {rewrite}"),
    )  # fmt: skip

    def lint(candidate: ModelProto) -> list[Result]:
        say("linting the model")
        results = judge(candidate, targets, name=str(given.model))
        say("comparing outputs with the original's in onnxruntime")
        return results

    fixed = fix_model(model, lint, options)
    if confirm_results is not None:
        confirm_results(fixed.results, fixed.model)
    advise_remaining(fixed, judge, options.allow, measured=not given.confirm)
    diff = node_diff(model, fixed.model, str(given.model)) if given.diff else ""
    before = after = None
    if not given.diff:
        given_size, result_size = fixed.sizes
        before = (given_size or ModelSize.of(model)).at(model, fixed.trial).in_file(model_bytes(file))
        after = (result_size or ModelSize.of(fixed.model)).at(fixed.model, fixed.trial) if fixed.model is not model else before
    return Fixing(model, fixed, lowered_source, external, diff, before, after, state)


def _measure(stack: contextlib.ExitStack, given: argparse.Namespace, say: Callable[[str], None]) -> Measure | None:
    """What compiles the original and the result, for as long as the stack is open; None where the user declined."""
    if given.no_confirm:
        return None
    from graphfix.backends.compile.verify_on_target import target_measure

    return stack.enter_context(target_measure(begin=say))


def _unchanged(results: Sequence[Result]) -> str:
    """Say why a diff is empty: nothing is rejected, or no rewrite resolves what is."""
    rejected = [result.judge for result in results if result.verdict == "rejected"]
    if not rejected:
        return "nothing to change, no target rejects it"
    return f"nothing would change: it stays rejected by {', '.join(rejected)}; `--why -o OUT` says why"


def _save(fixing: Fixing, goal: Path, given: argparse.Namespace) -> str | None:
    """Write the fixed model; returns its path, None where a model fixed in place has not changed."""
    from graphfix.cli.fix_in_place import replace_model
    from graphfix.ir.io import save_model

    if not given.in_place:
        save_model(fixing.fixed.model, goal, force=given.force, external=fixing.external)
    elif fixing.fixed.changed:
        replace_model(fixing.fixed.model, goal, fixing.state, external=fixing.external)
    else:
        return None
    return str(goal)


def _finished_results(fixing: Fixing, policy: Policy, output: str | None, given: argparse.Namespace) -> list[Result]:
    """Return the Results with the policy applied, and the changes, the verification, the sizes and the output added."""
    from graphfix.ir.file_size import model_bytes
    from graphfix.rewriting.confirmed_findings import add_confirmed

    fixed, results = fixing.fixed, list(fixing.fixed.results)
    if fixing.lowered_source is not None:
        results = fixing.lowered_source.with_findings(results)
    add_confirmed(results, fixed.confirmed)
    for result in results:
        policy.apply(result)
        result.changes = [change.to_json() for change in fixed.changes]
        result.verification = dataclasses.asdict(fixed.verification)
        result.output = output
        if fixing.before is not None and fixing.after is not None:
            written = Path(output) if output is not None else None
            result.before = fixing.before.to_json()
            result.after = fixing.after.in_file(model_bytes(written) if written else fixing.before.file_bytes).to_json()
        if given.why:
            result.why = [why.to_json() for why in fixed.why if why.target == (result.called or result.target)]
    mark_unfixed(fixed, results)
    complete_steps(results, given, configure)
    return results


def _warn(line: str) -> None:
    notice(line)


def _report(results: Sequence[Result], given: argparse.Namespace, write: Any) -> None:
    with destination(given.output_file) as out:
        if given.output_format == "text":
            from graphfix.report.changes import render_changes, render_why
            from graphfix.report.confirmed import render_confirmed
            from graphfix.report.text import render

            render_changes(results[0], out)
            render_confirmed(results, out)
            render([dataclasses.replace(result, model=result.output or result.model) for result in results], out, full=given.full)
            render_why(results, out)
        else:
            write(results, out)


def read_data(path: Path | None) -> dict[str, Any] | None:
    """Return the arrays of an .npz by input name; None without a path."""
    from graphfix.verify.archive import read_archive

    return None if path is None else read_archive(path)
