"""Fingerprints of what a model's results follow from: its file, the tables of its targets, and the options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from graphfix.cli.run_settings import ModelSettings
from graphfix.ir.atomic_write import file_state
from graphfix.ir.urls import ModelPath, ModelUrl, remote_state
from graphfix.linter.fingerprints import digits
from graphfix.tables.table_digest import table_digest
from graphfix.version import VERSION

AT_ONCE = 16
"""The URLs whose state is asked for at a time."""


def input_fingerprints(given: argparse.Namespace, settings: Sequence[ModelSettings]) -> Iterator[str]:
    """Yield 16 hex digits for each model; empty where nothing tells its content from another one's: it is judged again."""
    with ThreadPoolExecutor(AT_ONCE) as pool:  # starts threads only where there are URLs
        asked = {one.model: pool.submit(remote_state, one.model) for one in settings if isinstance(one.model, ModelUrl)}
        shared: dict[tuple[int, int], tuple[str, ...]] = {}
        for one in settings:
            key = id(one.config), id(one.policy)
            if key not in shared:
                shared[key] = _settled(given, one)
            state = asked[one.model].result() if one.model in asked else _local_state(one.model)
            yield digits((state, *shared[key])) if state else ""


def _local_state(path: ModelPath) -> str:
    """Return the size of a file and when it was written; empty where it cannot be read."""
    found = file_state(path)
    return "" if found is None else repr(found[2:])


def _settled(given: argparse.Namespace, one: ModelSettings) -> tuple[str, ...]:
    """Return the tables, and the options and settings that decide which findings there are and which count."""
    config, baseline = one.config, one.policy.baseline
    settled = [config.select, config.ignore, config.severity, config.suppress, config.shapes, config.values]
    known = baseline.path.read_text("utf-8") if baseline is not None and baseline.path.is_file() else ""
    tables = [f"{target} {table_digest(target)}" for target in one.targets]
    return VERSION, *tables, repr([*settled, given.shape, given.set, given.statistics]), known
