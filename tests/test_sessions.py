"""The sessions that the README and the site show: their commands print what is shown, and the picture shows the same."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from browsing import started, visiting

ROOT = Path(__file__).parent.parent


def script(name: str) -> ModuleType:
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


sessions, terminal = script("sessions"), script("terminal")
DOCUMENTS: list[Path] = sessions.documents()


def test_the_readme_the_tutorial_and_the_pages_of_commands_show_output() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in DOCUMENTS}
    assert {"README.md", "docs/commands/lint.md", "docs/commands/fix.md"} <= names
    assert {f"docs/tutorial/{name}.md" for name in ("index", "ios", "android", "jetson", "intel", "rust")} <= names


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_print_what_is_shown(page: Path) -> None:
    text = page.read_text("utf-8")
    ran = list(sessions.run(sessions.commands(text)))
    missing = [each for each in ran if each.missing]
    if missing:
        pytest.skip(f"{missing[0].command}: {missing[0].printed}")
    assert [each for each in ran if each.code not in (0, 1)] == []
    fresh = sessions.filled(text, ran)
    assert sessions.comparable(fresh) == sessions.comparable(text), "write it anew with `make sessions`"


def test_output_is_filled_in_by_block_and_order() -> None:
    text = (
        "a\n\n    $ graphfix one\n\n```console\n$ graphfix two\nold\n```\nb\n```console\n$ graphfix three\n$ graphfix four\n```\n"
    )
    assert sessions.commands(text) == [f"graphfix {name}" for name in ("one", "two", "three", "four")]
    ran = [sessions.Ran(command, f"says {at}", 0) for at, command in enumerate(sessions.commands(text))]
    assert sessions.filled(text, ran) == (
        "a\n\n    $ graphfix one\n\n```console\n$ graphfix two\nsays 1\n```\nb\n"
        "```console\n$ graphfix three\nsays 2\n$ graphfix four\nsays 3\n```\n"
    )
    failed = [sessions.Ran(each.command, "OpenVINO is not installed", 2) for each in ran]
    assert all(each.missing for each in failed)
    assert sessions.filled(text, failed) == text


def test_only_times_rounding_and_counts_of_probes_may_differ() -> None:
    assert sessions.comparable("in 0.2 s, error 1.7e-07, 50 probes") == sessions.comparable("in 11 s, error 2e-08, 51 probes")
    assert sessions.comparable("3 nodes rejected") != sessions.comparable("2 nodes rejected")
    wrapped = [
        "  proof     error 9e-07; optimiser off\n            against the framework",
        "  proof     error 0.1e-08; optimiser\n            off against the framework",
    ]
    assert sessions.comparable(wrapped[0]) == sessions.comparable(wrapped[1])
    assert sessions.comparable("a\n  b") != sessions.comparable("a b")


def test_the_picture_shows_the_session_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert terminal.PICTURE.read_text("utf-8") == terminal.picture(text), "draw it anew with `python docs/terminal.py`"
    assert [command for command, _ in terminal.scenes(text)] == sessions.commands(
        "".join(match[0] for match in sessions.BLOCK.finditer(text))
    )


@pytest.mark.browser
@pytest.mark.slow
def test_the_site_is_searched_from_a_folder_and_fits_a_phone(tmp_path: Path) -> None:
    import subprocess

    pytest.importorskip("material", reason="mkdocs-material is not installed")
    site = tmp_path / "site"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(site)]
    subprocess.run(words, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, capture_output=True)
    with started() as browser, visiting(browser) as visit:
        page = visit(site / "index.html")
        page.locator(".md-search__input").click()
        page.keyboard.type("resize-by-matmul")
        page.locator(".md-search-result__item").first.wait_for(timeout=20_000)
        assert page.locator(".md-search-result__item a[href*='resize-by-matmul']").count() >= 1
        page.keyboard.press("Escape")
        before = page.locator("body").get_attribute("data-md-color-scheme")
        page.locator("label[title^='Switch to']").first.click()
        assert page.locator("body").get_attribute("data-md-color-scheme") != before
        for name in ("index", "targets/tract", "tutorial/ios", "commands/lint"):
            small = visit(site / f"{name}.html", viewport={"width": 390, "height": 800})
            assert small.evaluate("document.documentElement.scrollWidth") <= 390, name
