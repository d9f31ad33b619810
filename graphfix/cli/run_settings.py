"""The settings of each model: those of its folder, overridden by the command line, and the policy on findings."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.options import bindings, chosen_targets, spanned_bindings
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.ir.records import dataclass
from graphfix.ir.urls import ModelPath
from graphfix.linter import baseline as baselines
from graphfix.linter import config as configuration
from graphfix.linter.baseline import Baseline
from graphfix.linter.codes import check_word
from graphfix.linter.config import Config
from graphfix.linter.diagnostics import Result
from graphfix.linter.policy import Policy
from graphfix.tables.versions import by_start, starts_from_torch

if TYPE_CHECKING:
    from graphfix.ir.dim_ranges import Spanned


LoweringKey = tuple[ModelPath, str]
"""A model, and the target that starts from torch; empty for all those that start from ONNX."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One model with its settings; models under the same settings share one policy."""

    model: ModelPath
    config: Config
    policy: Policy
    targets: tuple[str, ...]
    shapes: Mapping[str, Any]
    values: Mapping[str, Any]
    spanned: Mapping[str, Spanned]

    @property
    def key(self) -> LoweringKey:
        """What tells a source's lowering for these targets from that for others."""
        return self.model, self.targets[0] if starts_from_torch(self.targets[0]) else ""

    def by_start(self) -> list[ModelSettings]:
        """Return these settings for the targets that start from ONNX together, and for each one that starts from torch."""
        return [dataclasses.replace(self, targets=part) for part in by_start(self.targets)]

    def apply_policy(self, found: Sequence[Result], rest: Iterable[ModelPath]) -> None:
        """Apply the policy to one model's findings; `rest` are the models that are not linted yet."""
        for result in found:
            self.policy.apply(result)
        if self.policy.config.suppress:
            left = [str(path) for path in rest]
            for result in found:
                self.policy.unused(result, left)


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the options that decide which findings count."""
    parser.add_argument("--select", action="append", default=[], metavar="CODE[,...]", help="only these codes, names or prefixes")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="CODE[,...]", help="none of these codes, names or prefixes"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help=f"file of known findings (default: the nearest {baselines.NAME})"
    )
    parser.add_argument("--no-baseline", action="store_true", help="ignore the baseline: known findings count")
    parser.add_argument("--update-baseline", action="store_true", help="write the current findings to the baseline")


def model_settings(given: argparse.Namespace, models: Sequence[ModelPath]) -> list[ModelSettings]:
    """Return the settings of every model, which are searched for from its folder upwards.

    Raises:
        UsageError: no target, an unknown code or setting, or a baseline that is missing or cannot be read.
    """
    if given.no_baseline and (given.baseline is not None or given.update_baseline):
        raise UsageError("--no-baseline goes with no other option on the baseline", hint="leave one of them out")
    select, ignore = split_words(given.select), split_words(given.ignore)
    for word in (*select, *ignore):
        check_word(word)
    folders: dict[Path, tuple[Config, Policy]] = {}
    policies: dict[tuple[str | None, Path | None], Policy] = {}
    files: dict[Path, Baseline] = {}
    out = []
    for model in models:
        folder = model.parent
        if folder not in folders:
            loaded = configuration.load(folder, file=given.config, isolated=given.isolated)
            base = dataclasses.replace(loaded, select=select or loaded.select, ignore=(*loaded.ignore, *ignore))
            path = None if given.no_baseline else _baseline(given, base, folder)
            if (base.source, path) not in policies:
                policies[base.source, path] = _policy(given, base, path, files)
            folders[folder] = base, policies[base.source, path]
        base, policy = folders[folder]
        config = base.of(model)
        shapes, values = bindings(given.shape, given.set, config)
        spanned = spanned_bindings(given.shape, given.set, config)[0]
        out.append(ModelSettings(model, config, policy, tuple(chosen_targets(given.target, config)), shapes, values, spanned))
    return [part for one in out for part in one.by_start()]


def _policy(given: argparse.Namespace, config: Config, path: Path | None, files: dict[Path, Baseline]) -> Policy:
    if path is not None and path not in files:
        files[path] = Baseline.read(path)
    known = None if path is None else files[path]
    as_settled = not (given.shape or given.set or given.select or given.ignore or given.isolated)
    return Policy(config, known, shrinks=as_settled and not given.update_baseline, update=given.update_baseline)


def _baseline(given: argparse.Namespace, config: Config, folder: Path) -> Path | None:
    """The path of the baseline: the option's, the settings', the nearest one, or for an update a new one."""
    home = Path(config.source).parent if config.source is not None else None
    if given.baseline is not None:
        path = Path(given.baseline)
    elif config.baseline is not None and home is not None:
        path = home / config.baseline
    else:
        nearest = None if given.isolated else baselines.nearest(folder)
        if nearest is not None or not given.update_baseline:
            return nearest
        return (home or Path()) / baselines.NAME
    if not path.exists() and not given.update_baseline:
        raise UsageError("there is no such baseline", path=path, hint="make it with --update-baseline")
    return path


def save_baselines(settings: Sequence[ModelSettings], *, update: bool) -> None:
    """Write the changed baselines; with `update` deleted models are removed from them, and their size is printed."""
    for baseline in {id(one.policy.baseline): one.policy.baseline for one in settings}.values():
        if baseline is not None and baseline.changed:
            if update:
                baseline.forget_missing()
                notice(f"{baseline.path} knows {baseline.size} findings now")
            baseline.save()


def split_words(given: Sequence[str]) -> tuple[str, ...]:
    """Return the words of an option that may be repeated and may have several words separated by commas."""
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())
