"""Loading of `package.module:factory`: the user's program is imported and called as if run from its own folder."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from typing import Any


class RequestError(Exception):
    """A request that cannot be served as stated.

    `stage` is `usage`, `refused` (it needs trust) or `elsewhere` (another framework's model); `cure` is the next step.
    """

    def __init__(self, message: str, cure: str = "", stage: str = "usage") -> None:
        super().__init__(message)
        self.cure, self.stage = cure, stage


def load_object(request: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the object that a request names, with its example inputs or None.

    A class or a function is called. `example_inputs`, called where it is a function, is looked up on the result, on what was
    called, and in its module.

    Raises:
        RequestError: there is no such file, module or name.
    """
    module_text, _, name = request["text"].rpartition(":")
    os.chdir(request["cwd"])  # the program may open files relative to it
    sys.path.insert(0, request["cwd"])
    if module_text.endswith(".py"):
        if not os.path.isfile(module_text):
            raise RequestError(f"there is no file {module_text}", "name an existing one")
        module = module_from_file(os.path.abspath(module_text))
    else:
        try:
            module = importlib.import_module(module_text)
        except ModuleNotFoundError as error:
            if error.name and (module_text == error.name or module_text.startswith(f"{error.name}.")):
                raise RequestError(
                    f"there is no module `{error.name}` in {request['cwd']} or among the installed packages",
                    "run graphfix from the project's root, or name the file: path/to/file.py:factory",
                ) from None
            raise
    target: Any = module
    for part in name.split("."):
        if not hasattr(target, part):
            known = [one for one, held in vars(target).items() if not one.startswith("_") and not inspect.ismodule(held)]
            raise RequestError(f"`{module_text}` has no `{part}`", f"it has {', '.join(known[:8])}" if known else "")
        target = getattr(target, part)
    holders = [target]
    if isinstance(target, (type, functools.partial)) or inspect.isfunction(target) or inspect.ismethod(target):
        target = target()
        holders.insert(0, target)
    inputs = next((one.example_inputs for one in (*holders, module) if getattr(one, "example_inputs", None) is not None), None)
    return target, inputs() if callable(inputs) else inputs


def module_from_file(path: str) -> Any:
    """Import a file; one inside a package is imported as part of it, so that its relative imports work."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    sys.path.insert(0, folder)
    if "." in name and name.partition(".")[0] not in sys.modules:
        return importlib.import_module(name)
    return import_file(name if name not in sys.modules else f"{name}_", path)


def import_file(name: str, path: str) -> Any:
    """Import a file as a module of this name and register it in `sys.modules`."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
