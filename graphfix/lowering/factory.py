"""`package.module:factory`: the user's own program, imported and called as it would be from its own folder."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """What cannot be answered as asked: `stage` is refused, usage or elsewhere, `cure` the next step."""

    def __init__(self, said: str, cure: str = "", stage: str = "usage") -> None:
        super().__init__(said)
        self.cure, self.stage = cure, stage


def made(request: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the text of a request names, with its example inputs if it has some.

    A class or a function is called. `example_inputs`, or what that gives when it is called, is looked for on the result,
    on what made it, and in its Python module. Refused when there is no such thing.
    """
    place, _, name = request["text"].rpartition(":")
    os.chdir(request["cwd"])  # it is the user's own program, and may open files beside it
    sys.path.insert(0, request["cwd"])
    if place.endswith(".py"):
        if not os.path.isfile(place):
            raise Refused(f"there is no file {place}", "name an existing one")
        home = from_file(os.path.abspath(place))
    else:
        try:
            home = importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name and (place == error.name or place.startswith(f"{error.name}.")):
                raise Refused(
                    f"there is no module `{error.name}` in {request['cwd']} or among the installed packages",
                    "run graphfix from the project's root, or name the file: path/to/file.py:factory",
                ) from None
            raise
    found: Any = home
    for part in name.split("."):
        if not hasattr(found, part):
            known = [one for one, held in vars(found).items() if not one.startswith("_") and not inspect.ismodule(held)]
            raise Refused(f"`{place}` has no `{part}`", f"it has {', '.join(known[:8])}" if known else "")
        found = getattr(found, part)
    makers = [found]
    if isinstance(found, (type, functools.partial)) or inspect.isfunction(found) or inspect.ismethod(found):
        found = found()
        makers.insert(0, found)
    given = next((one.example_inputs for one in (*makers, home) if getattr(one, "example_inputs", None) is not None), None)
    return found, given() if callable(given) else given


def from_file(path: str) -> Any:
    """The module in a file; one that lies in a package is imported as its part, so that it may import its neighbours."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    sys.path.insert(0, folder)
    if "." in name and name.partition(".")[0] not in sys.modules:
        return importlib.import_module(name)
    return imported(name if name not in sys.modules else f"{name}_", path)


def imported(name: str, path: str) -> Any:
    """The module in a file, under its own name, so that what it defines can be found again."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
