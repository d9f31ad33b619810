"""The page of support tables in a real browser: searching, filtering, details, keyboard, phone, dark, speed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import Visit, started, visiting

from graphfix.linter.support import operators, tables
from graphfix.probe.precision_forms import USUAL
from graphfix.report.support_page import support_page
from graphfix.tables.precision import read_precision
from graphfix.tables.table import table
from graphfix.tables.versions import EVERY, groups, measured_versions, rules_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
RULES = Path(__file__).parent.parent / "fixtures" / "rules"
HOSTILE = "</script><img src=x onerror=alert(1)> is not supported"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of the page."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about `demo` 1.0 and 1.5, where Mish is gone, Gelu of another domain came, and Relu's words hold markup."""
    folder = tmp_path_factory.mktemp("small")
    home = folder / "rules"
    for version in ("1.0", "1.5"):
        shutil.copytree(RULES / "demo" / "1.0", home / "demo" / version)
    shutil.copy(RULES / "demo" / "target.toml", home / "demo")
    new = home / "demo" / "1.5"
    for version, names in (("1.0", ("Acosh", "Shrink")), ("1.5", ("Acosh", "Shrink", "Mish"))):
        for name in names:
            (home / "demo" / version / f"{name}.json").unlink()
    relu = json.loads((new / "Relu.json").read_text())
    (new / "com.microsoft.Gelu.json").write_text(json.dumps(relu | {"op": "Gelu", "domain": "com.microsoft"}))
    refusal: dict[str, Any] = {
        "id": "rank-2", "kind": "rank", "when": {"X.rank": [2]}, "stage": "load", "said": HOSTILE,
        "probes": {"for": 1, "against": 0},
    }  # fmt: skip
    (new / "Relu.json").write_text(json.dumps(relu | {"rejects": [refusal]}))
    return written(folder / "page.html", home)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about every operator of every measured version."""
    return written(tmp_path_factory.mktemp("whole") / "page.html", rules_home())


def written(path: Path, home: Path) -> Path:
    every = tables(every=True, home=home)
    path.write_text(support_page(operators(every), every))
    return path


@pytest.fixture
def opened(browser: Browser) -> Iterator[Visit]:
    """A function that opens a page."""
    with visiting(browser) as visit:
        yield visit


def rows(page: Page) -> list[str]:
    """The operators that are shown."""
    return page.eval_on_selector_all("tbody tr:not([hidden]) th", "all => all.map(cell => cell.firstChild.textContent)")


def cell(page: Page, op: str, column: str) -> Any:
    return page.locator(f'button[aria-label^="{op} on {column}"]')


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"))


def test_every_operator_is_shown_with_its_verdicts(opened: Visit, small: Path) -> None:
    page = opened(small)
    assert {"Abs", "Gelu", "Mish", "Resize"} <= set(rows(page))
    labels = [cell(page, op, f"demo {version}").get_attribute("aria-label")
              for op, version in (("Abs", "1.0"), ("Resize", "1.0"), ("Mish", "1.0"), ("Mish", "1.5"))]  # fmt: skip
    assert [label.rpartition(": ")[2] for label in labels] == ["always", "1 condition", "rejected", "not measured"]
    shades = {cell(page, op, "demo 1.0").evaluate("b => getComputedStyle(b).backgroundColor") for op in ("Abs", "Resize", "Mish")}
    assert len(shades) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [("resi", ["Resize"]), ("cubic rank", ["Resize"]), ("com.micro", ["Gelu"]), ("EXPLICIT-SQUEEZE", ["Squeeze"]),
     ("requires a 4-D input", ["Resize"]), ("resize float99", [])],
    ids=["operator", "condition", "domain", "rewrite", "words", "nothing"],
)  # fmt: skip
def test_search_finds_operators_conditions_words_and_rewrites(opened: Visit, small: Path, query: str, found: list[str]) -> None:
    page = opened(small)
    everything = rows(page)
    page.fill("#query", query)
    assert rows(page) == found
    assert page.inner_text("#count").startswith(f"{len(found)} of {len(everything)} operators")
    page.click("button[type=reset]")
    page.locator("tbody tr:not([hidden])").nth(len(everything) - 1).wait_for()
    assert rows(page) == everything


def test_filters_by_verdict_domain_and_version_work_together(opened: Visit, small: Path) -> None:
    page = opened(small)
    page.check("#verdicts [value=rejected]")
    assert rows(page) == ["Mish"]
    page.check("#verdicts [value=unmeasured]")
    assert rows(page) == ["Mish", "Gelu"]
    page.select_option("#domain", "com.microsoft")
    assert rows(page) == ["Gelu"]
    page.select_option("#domain", "")
    page.click("summary:has-text('Compilers')")
    page.uncheck("#columns >> label:has-text('demo 1.0') >> input")
    assert rows(page) == ["Mish"]
    assert page.locator("thead th:visible").all_inner_texts()[1].split() == ["demo", "1.5"]
    page.uncheck("#verdicts [value=unmeasured]")
    assert rows(page) == []


def test_a_click_shows_conditions_evidence_and_the_rewrite_that_helps(opened: Visit, small: Path) -> None:
    page = opened(small)
    cell(page, "Squeeze", "demo 1.0").click()
    text = page.inner_text("dialog")
    for words in ("Squeeze on demo 1.0", "axes left out", "demo/Squeeze/", "probes of demo 1.0, measured 2026-01-15",
                  "explicit-squeeze-axes", "exact rewrite"):  # fmt: skip
        assert words in text
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    assert focused(page).startswith("Squeeze on demo 1.0")
    cell(page, "Mish", "demo 1.5").click()
    assert "graphfix probe --target demo@1.5 --op Mish" in page.inner_text("dialog")
    page.click("dialog .others button")
    assert page.inner_text("#detail-title") == "Mish on demo 1.0"
    page.click("#close")
    page.wait_for_selector("dialog", state="hidden")


def test_a_compilers_words_are_shown_as_they_are(opened: Visit, small: Path) -> None:
    page = opened(small)
    cell(page, "Relu", "demo 1.5").click()
    assert HOSTILE in page.inner_text("dialog")
    assert page.locator("dialog img").count() == 0


def test_everything_can_be_reached_from_the_keyboard(opened: Visit, small: Path) -> None:
    page = opened(small)
    page.keyboard.press("/")
    assert focused(page) == "query"
    page.keyboard.type("s")
    for _ in range(12):  # past the filters, each of which is a stop
        page.keyboard.press("Tab")
        if " on demo " in focused(page):
            break
    first = rows(page)[:2]
    assert focused(page).startswith(f"{first[0]} on demo 1.5")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith(f"{first[0]} on demo 1.0")
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith(f"{first[1]} on demo 1.0")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith(f"{first[1]} on demo 1.0")
    page.keyboard.press("Enter")
    assert page.inner_text("#detail-title") == f"{first[1]} on demo 1.0"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    assert focused(page).startswith(f"{first[1]} on demo 1.0")


def test_a_cell_has_an_address(opened: Visit, small: Path) -> None:
    page = opened(small, "#com.microsoft.Gelu/demo@1.5")
    assert page.inner_text("#detail-title") == "com.microsoft.Gelu on demo 1.5"
    page.click("#close")
    page.wait_for_url(lambda url: "#" not in url)
    cell(page, "Resize", "demo 1.0").click()
    page.wait_for_url(lambda url: url.endswith("#Resize/demo@1.0"))


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_sticks_out_and_fingers_hit(opened: Visit, whole: Path, width: int) -> None:
    page = opened(whole, viewport={"width": width, "height": 740}, is_mobile=True, has_touch=True)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    sizes = page.eval_on_selector_all("tbody button", "all => all.map(b => [b.offsetWidth, b.offsetHeight])")
    assert min(side for size in sizes for side in size) >= 36
    page.fill("#query", "resize")
    cell(page, "Resize", "tflite").first.tap()
    assert page.is_visible("dialog .statement")
    assert page.evaluate(overflow) == 0
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")


CONTRAST = """
() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const seen = ["h1", "header p", "label", "legend", "#query", "#domain", ".chip", "thead th", "thead small", "tbody th",
    "td .always", "td .conditions", "td .rejected", "td .unmeasured", "footer",
    "#detail-title", "dialog .soft", "dialog q", "dialog h3", ".badge", ".others button", "#close"];
  return seen.map((selector) => {
    const element = document.querySelector(selector);
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    return [selector, (a + 0.05) / (b + 0.05)];
  });
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_in_both_schemes(opened: Visit, small: Path, scheme: str) -> None:
    page = opened(small, color_scheme=scheme)
    cell(page, "Resize", "demo 1.0").click()
    poor = [(selector, ratio) for selector, ratio in page.evaluate(CONTRAST) if ratio < 4.5]
    assert poor == []
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
    assert (red < 64) == (scheme == "dark")


def test_everything_in_one_page_is_small_and_quick(
    opened: Visit, whole: Path, record_property: Callable[[str, object], None]
) -> None:
    page = opened(whole)
    cells = page.locator("tbody button").count()
    size, rendered = whole.stat().st_size, int(page.evaluate("document.documentElement.dataset.rendered"))
    filtered = page.evaluate(
        """() => {
          const query = document.getElementById("query");
          const times = ["r", "re", "float64", "rank 3"].map((words) => {
            const from = performance.now();
            query.value = words;
            query.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.offsetHeight;
            return performance.now() - from;
          });
          return Math.max(...times);
        }"""
    )
    record_property("figures", f"{cells} cells, {size} bytes, rendered in {rendered} ms, filtered in {filtered:.0f} ms")
    print(f"{cells} cells, {size / 2**20:.2f} MiB, rendered in {rendered} ms, a filter takes {filtered:.0f} ms at most")
    versions = sum(len(measured_versions(target)) for target in groups()[EVERY])
    assert versions >= 7
    assert cells == len(page.query_selector_all("tbody tr")) * versions
    assert cells > 1500
    assert size < 2 * 2**20
    assert rendered < 3000
    assert filtered < 500


def test_precisions_are_shown_when_they_are_opened(opened: Visit, whole: Path, small: Path) -> None:
    page = opened(whole)
    lines = page.locator("tbody tr").count()
    page.click("#precision > summary")
    page.wait_for_selector("#forms tbody tr")
    known = read_precision(table("openvino"))
    assert known is not None
    assert f"openvino {known.version}: {known.arithmetics[0].precision} by default" in page.inner_text("#precision-body")
    assert page.locator("#forms tbody tr").count() >= len(known.forms) > 50
    line = page.locator("#forms tbody tr", has=page.locator("summary", has_text=re.compile(f"^{re.escape(USUAL.short)}$")))
    marks = dict(zip(page.locator("#forms thead th").all_inner_texts()[1:], line.locator("td").all_inner_texts(), strict=True))
    assert marks[f"openvino {known.version}"] == "yes"
    assert any(name.startswith("coreml") and mark == "no" for name, mark in marks.items())
    line.locator("summary").click()
    assert "coreml" in line.locator("th").inner_text()
    page.click("#precision > summary")
    page.click("#precision > summary")
    assert page.locator("tbody tr").count() == lines + page.locator("#forms tbody tr").count()
    assert opened(small).locator("#precision").is_hidden()
