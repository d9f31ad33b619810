"""The forms of ATen operators: modules whose FORMS are found by their place here."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from graphfix.probe.aten.form import Form


@functools.cache
def aten_forms() -> dict[str, list[Form]]:
    """Return the forms of every operator, by the name of its table: `aten.add`."""
    found: dict[str, list[Form]] = {}
    for module in pkgutil.iter_modules(__path__):
        for form in importlib.import_module(f"{__name__}.{module.name}").FORMS:
            found.setdefault(form.op.rpartition(".")[0], []).append(form)
    return dict(sorted(found.items()))
