"""The page that draws roads in a real browser: drawing, details, keyboard, phone, dark, and words that hold markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import started, visiting

from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.lowering.paths.model import (
    AppliedRewrite,
    ConversionPath,
    ConversionPaths,
    ExportState,
    Means,
    Start,
    blocking_causes,
)
from graphfix.report.paths_page import page_data, paths_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=alert(1)>{{script}}"
TARGETS = ("coreml", "openvino", "tensorrt", "tflite", "tract")
WAYS = {
    "dynamo": (Means.EXACT, Means.AS_IS, Means.AS_IS, Means.APPROXIMATE, Means.NONE),
    "trace": (Means.INTERFACE, Means.AS_IS, Means.EXACT, Means.NONE, Means.UNKNOWN),
}
Open = Callable[..., "Page"]


def invented() -> ConversionPaths:
    """A module with roads of every kind, one exporter that fails, and names and words that hold markup."""
    finding = Finding("GF101", "unsupported-operator", Severity.ERROR, "t", f"`Foo` {HOSTILE}", node=f"foo{HOSTILE}", op="Foo",
                      rewrite=Fix("decompose-foo", "exact"), source=SourceLocation("neck", "/x/model.py", 88))  # fmt: skip
    met = blocking_causes([finding])
    starts = [Start(name, ExportState.GOOD, nodes=12, opset=20, error=3.9e-7) for name in WAYS]
    starts.append(Start("script", ExportState.FAILS, reason=f"it fails: {HOSTILE}", location="model.py:23", cure="annotate it"))
    roads = []
    for start in starts:
        for at, target in enumerate(TARGETS):
            way = WAYS[start.exporter][at] if start.exporter in WAYS else Means.NONE
            dead, plain = start.state is ExportState.FAILS, way is Means.AS_IS
            roads.append(ConversionPath(
                start, target, f"{target} 1.0", way, "accepted" if way.reaches_target else "rejected",
                initial_causes=() if plain or dead else met,
                remaining_causes=() if way.reaches_target or dead else met,
                rewrites=() if plain or dead else (AppliedRewrite("decompose-foo", "exact", 2),),
                error=1.2e-4, end_error=1.3e-4, sizes={"x": [1, 3]} if way is Means.INTERFACE else {}, note=start.reason,
                hint="--set sr=16000" if way is Means.NONE else "", command=f"graphfix fix m:make --target {target}",
            ))  # fmt: skip
    return ConversionPaths(f"m{HOSTILE}:make", "Python", "torch 2.13.0", TARGETS, tuple(starts), tuple(roads))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("roads") / "roads.html"
    path.write_text(paths_page(invented()))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of the page."""
    with started() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Open]:
    """A function that opens the page and waits until it is drawn."""
    with visiting(browser) as visit:

        def open_(anchor: str = "", **options: Any) -> Page:
            page = visit(page_file, anchor, **options)
            page.wait_for_selector("html[data-rendered]")
            return page

        yield open_


def detail(page: Page) -> str:
    return page.inner_text("#detail")


def test_every_road_is_drawn_and_stands_in_the_table(opened: Open) -> None:
    page = opened()
    assert page.locator("#drawing .road").count() == 10
    assert page.locator("#drawing .node.dead").count() == 1
    assert page.locator("#drawing .node.way").count() == 6
    assert page.locator("#matrix tbody button").count() == 15
    assert "4 of 5 targets reached" in page.inner_text("#summary")
    assert page.locator("#matrix small").count() == 4  # an easiest road for each target that is reached
    assert detail(page).startswith("The easiest paths")


def test_ways_differ_in_colour_and_in_dashes_and_the_colours_stand_out(opened: Open) -> None:
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        looks = page.eval_on_selector_all(
            "#legend li path", "all => all.map(p => [getComputedStyle(p).stroke, getComputedStyle(p).strokeDasharray])"
        )
        assert len({stroke for stroke, _ in looks}) == len(looks) == 6
        assert len({dash for _, dash in looks}) == 6
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert all(contrast(stroke, ground) >= 3 for stroke, _ in looks), (scheme, looks)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as CSS computes them, by WCAG's formula."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_road_tells_what_stands_in_the_way_and_the_command(opened: Open) -> None:
    page = opened()
    page.locator('#matrix button[aria-label^="dynamo to tract"]').click()
    told = detail(page)
    for words in ("What blocks it", "GF101 unsupported-operator", "(model.py:88)", "--set sr=16000",
                  "decompose-foo", "Learn more", "graphfix fix m:make --target tract"):  # fmt: skip
        assert words in told
    assert page.locator("#drawing .road.on").count() == 1
    page.locator('#matrix button[aria-label^="dynamo to tflite"]').click()
    assert all(words in detail(page) for words in ("What was fixed", "error 0.00012", "error 0.00013", "Use this path"))
    page.locator('#matrix button[aria-label^="script to"]').first.click()
    assert all(words in detail(page) for words in ("export fails", "model.py:23", "annotate it"))


def test_markup_in_names_and_words_is_text(opened: Open) -> None:
    page = opened("#dynamo/tract")
    assert page.locator("img").count() == 0
    assert HOSTILE in page.inner_text("#source")
    assert HOSTILE in detail(page)


def test_the_keyboard_goes_along_the_roads(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first.startswith("dynamo")
    assert second != first
    for _ in range(20):
        if page.evaluate("document.activeElement.classList.contains('road')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.inner_text("#detail-title") == "dynamo → coreml"
    assert page.url.endswith("#dynamo/coreml")
    page.keyboard.press("Tab")  # one stop for the whole drawing
    assert page.evaluate("document.activeElement.closest('#drawing') === null")
    page.keyboard.press("Escape")
    assert detail(page).startswith("The easiest paths")
    assert "#" not in page.url


def test_an_address_opens_its_road(opened: Open) -> None:
    assert detail(opened("#trace/coreml")).startswith("trace → coreml")
    assert detail(opened("#script")).startswith("script")
    assert detail(opened("#nobody/nowhere")).startswith("The easiest paths")


@pytest.mark.parametrize("width", [360, 390, 700, 820, 1100, 1280, 1920])
def test_nothing_overlaps_or_sticks_out_at_any_width(opened: Open, width: int) -> None:
    page = opened(viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.getElementById('drawing'))") <= 0
    boxes = page.eval_on_selector_all("#drawing .node rect", "all => all.map(r => r.getBoundingClientRect().toJSON())")
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            apart = (one["right"] <= other["left"] or other["right"] <= one["left"]
                     or one["bottom"] <= other["top"] or other["bottom"] <= one["top"])  # fmt: skip
            assert apart, (one, other)
    out = page.eval_on_selector_all(
        "#drawing .node",
        """all => all.flatMap(node => { const box = node.querySelector('rect').getBoundingClientRect();
             return [...node.querySelectorAll('text')].filter(text => { const is = text.getBoundingClientRect();
               return is.left < box.left || is.right > box.right || is.top < box.top || is.bottom > box.bottom; })
             .map(text => text.textContent); })""",
    )
    assert out == []


def test_the_drawing_turns_when_the_window_does(opened: Open) -> None:
    page = opened(viewport={"width": 1200, "height": 800})
    page.locator('#matrix button[aria-label^="trace to coreml"]').click()
    assert page.locator("#drawing svg.over").count() == 1
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_selector("#drawing svg.down")
    assert page.locator("#drawing .road.on").count() == 1


def test_the_data_names_one_easiest_road_a_target() -> None:
    data = page_data(invented())
    assert [sum(road["easiest"] for road in data["roads"] if road["target"] == target) for target in TARGETS] == [1] * 5
