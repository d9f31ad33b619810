"""What tests of measuring share: the probes of an operator, which are always the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import ModuleType

import pytest

from graphfix.probe import drift, parallel, survey
from graphfix.probe.build import Yield, probes
from graphfix.probe.form import Form, TextProbe
from graphfix.probe.forms import forms


@pytest.fixture(scope="session", autouse=True)
def built_once() -> Iterator[None]:
    """Build the probes of an operator once for all that measures it; test_build holds building to giving the same again."""
    known: dict[int, Yield] = {}

    def once(entries: Iterable[Form | TextProbe]) -> Yield:
        if not any(entries is listed for listed in forms().values()):
            return probes(entries)
        if id(entries) not in known:
            known[id(entries)] = probes(entries)
        return replace(known[id(entries)], probes=list(known[id(entries)].probes))

    modules: tuple[ModuleType, ...] = (drift, parallel, survey)
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(module, "probes", once)
        yield
