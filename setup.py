"""Building the package: what pyproject.toml says, and before that the layout library of the page is fetched into it."""

import runpy
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent


def provide() -> None:
    """Fetch the layout library into the package's folder."""
    runpy.run_path(str(ROOT / "tools" / "layout_library.py"))["provide"](ROOT)


class BuildPy(build_py):
    """The build step that collects the package's files, which include the library."""

    def run(self) -> Any:
        """Fetch, then collect."""
        provide()
        self.__dict__.pop("data_files", None)
        return super().run()


class Sdist(sdist):
    """A source archive holds the library, too, so that building from it needs no npm."""

    def run(self) -> Any:
        """Fetch, then archive."""
        provide()
        return super().run()


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
