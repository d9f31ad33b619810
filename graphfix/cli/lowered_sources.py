"""Lowering of the sources among the arguments of `graphfix lint`: models in another form than ONNX."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.cli.run_settings import ModelSettings
from graphfix.cli.verbosity import notice
from graphfix.errors import GraphfixError
from graphfix.ir.urls import ModelPath

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource
    from graphfix.lowering.source import Source


def lower_sources(
    stack: contextlib.ExitStack,
    given: argparse.Namespace,
    settings: Sequence[ModelSettings],
    sources: Mapping[ModelPath, Source],
) -> tuple[dict[ModelPath, LoweredSource], dict[ModelPath, str]]:
    """Lower the sources; returns the lowered models, and the errors of the others, which do not stop the run."""
    lowered: dict[ModelPath, LoweredSource] = {}
    failures: dict[ModelPath, str] = {}
    if not sources:
        return lowered, failures
    from graphfix.cli.progress import spinner
    from graphfix.lowering.bringing import lower_for_command
    from graphfix.lowering.instructions import parse_instructions

    parse_instructions(given, {})  # an error in the options concerns all sources, so it is raised here
    with spinner() as say:
        for one in settings:
            if one.model not in sources or one.model in lowered or one.model in failures:
                continue
            try:
                lowered[one.model] = stack.enter_context(
                    lower_for_command(
                        sources[one.model], given, targets=one.targets, shapes=one.shapes, values=one.values, progress=say
                    )
                )
                notice(lowered[one.model].summary)
            except GraphfixError as error:
                error.path = error.path or str(one.model)
                failures[one.model] = error.line()
    return lowered, failures
