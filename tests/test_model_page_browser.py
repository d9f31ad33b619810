"""The page of `lint --html` in a real browser: nodes, findings and targets, keyboard, phone, dark, fix, and 20,000 nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import pytest
from browsing import started, visiting, wait_until
from large_graph import large_model

from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Fix, NodeVerdict, Result, Severity
from graphfix.report import model_page as pages
from graphfix.report.model_page import model_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=alert(1)>{{script}}"
MODEL = """<ir_version: 10, opset_import: ["" : 22]> g (float[1, 4] x, bool c) => (float[1, 4] y) {
  m = Mish (x)
  i = If (c) <then_branch = one () => (float[1, 4] p) { p = Neg (m) },
              else_branch = two () => (float[1, 4] q) { r = Abs (m) q = Relu (r) }>
  n = Mish (i)
  y = Relu (n)
}"""
MODULE = SourceLocation("neck", "/x/model.py", 88)
Open = Callable[..., "Page"]


def named(text: str = MODEL) -> onnx.ModelProto:
    """A model whose nodes are named after their outputs."""
    model = onnx.parser.parse_model(text)
    for node in model.graph.node:
        node.name = f"n_{node.output[0]}"
    return model


def result(target: str, rejected: Sequence[str], model: str = "m.onnx", **more: Any) -> Result:
    """What a target says of the model: these nodes are rejected, the others supported; and a note on the model."""
    keys = [("n_m",), ("n_i", "then_branch", "<node_0>"), ("n_i", "else_branch", "<node_0>"), ("n_i", "else_branch", "<node_1>"),
            ("n_i",), ("n_n",), ("n_y",)]  # fmt: skip
    findings = [
        Finding("GF101", "unsupported-operator", Severity.ERROR, target, f"`Mish` {HOSTILE} is rejected", node=name, op="Mish",
                output=name[2:], measured=f"{target} 1.0, 3 probes", rewrite=Fix("decompose-mish", "exact"), source=MODULE)
        for name in rejected
    ]  # fmt: skip
    note = Finding("GF106", "dynamic-dimension", Severity.NOTE, target, "the batch is dynamic")
    rulings = [NodeVerdict(key, "Op", "rejected" if key[-1] in rejected else "supported", "no lowering") for key in keys]
    return Result(model, target, "1.0", 7, [*findings, note], rulings=rulings, called=target, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def small(folder: Path) -> Path:
    """A page of two targets: `one` rejects both Mish, `two` only the second."""
    path = folder / "small.html"
    path.write_text(model_page(f"m{HOSTILE}.onnx", [("", named(), [result("one", ["n_m", "n_n"]), result("two", ["n_n"])])]))
    return path


@pytest.fixture(scope="module")
def fixed(folder: Path) -> Path:
    """A page of a fix that replaced the first Mish."""
    after = named(MODEL.replace("m = Mish (x)", "m = Softplus (x)"))
    changes = [{"rewrite": "decompose-mish", "safety": "exact", "node": "n_m", "applied": True, "declined": None}]
    proof = {"method": "onnxruntime", "inputs": 3, "max_abs_error": 1e-7, "max_rel_error": 0.0}
    views = [("Before", named(), [result("one", ["n_m"])]), ("After", after, [result("one", [])])]
    path = folder / "fixed.html"
    path.write_text(model_page("m.onnx", views, {"changes": changes, "verification": proof, "output": "out.onnx"}))
    return path


@pytest.fixture(scope="module")
def large(folder: Path) -> dict[bool, Path]:
    """Pages of 20,000 nodes with module paths and without; every tenth node is rejected."""
    found = {}
    for modules in (True, False):
        model = large_model(20_000, modules=modules)
        rulings = [
            NodeVerdict((n.name,), n.op_type, "rejected" if n.op_type == "Mish" else "supported") for n in model.graph.node
        ]
        rejected = [node for node in model.graph.node if node.op_type == "Mish"]
        where = ({"node": node.name, "op": "Mish", "output": node.output[0]} for node in rejected)
        findings = [
            Finding("GF101", "unsupported-operator", Severity.ERROR, "t", "`Mish` is rejected", **place) for place in where
        ]
        results = [Result("m", target, "1", 20_000, findings, rulings=rulings) for target in ("one", "two", "three", "four")]
        found[modules] = folder / f"large-{modules}.html"
        found[modules].write_text(model_page("large.onnx", [("", model, results)]))
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of the page."""
    with started() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """A function that opens a page and waits until it is drawn; errors in the console and requests fail the test."""
    with visiting(browser) as visit:

        def open_(path: Path, anchor: str = "", **options: Any) -> Page:
            page = visit(path, anchor, **options)
            page.wait_for_selector("html[data-rendered]")
            return page

        yield open_


def node(page: Page, name: str) -> Any:
    return page.locator(f"#drawing .node[aria-label*='{name}']")


def test_a_finding_selects_its_node_and_goes_on_to_the_next(opened: Open, small: Path) -> None:
    page = opened(small)
    assert page.locator("#drawing .node").count() == 10
    page.locator(".card[data-code=GF101] .title").click()
    assert "n_m" in page.locator("#drawing .selected").get_attribute("aria-label")
    assert page.locator("#drawing .hit").count() == 2, "all nodes of the finding are marked"
    assert page.locator("#drawing .paths path").count() == 3, "its edges: from x, and to both branches"
    page.locator(".card[data-code=GF101] [aria-label='next node']").click()
    assert "n_n" in page.locator("#drawing .selected").get_attribute("aria-label")
    assert "2 of 2 nodes" in page.inner_text(".card.active")


def test_a_node_shows_its_findings_and_its_place_in_the_code(opened: Open, small: Path) -> None:
    page = opened(small)
    node(page, "n_n").click()
    assert page.inner_text("#findings-title") == "Findings on this node for one"
    assert page.locator("#findings .card").count() == 1
    assert "rejected" in page.inner_text("#detail")
    assert "y: float32[1, 4]" not in page.inner_text("#detail")
    assert "n: float32[1, 4]" in page.inner_text("#detail")
    node(page, "n_y").click()
    assert page.locator("#findings .card").count() == 0
    page.locator("#detail [data-goto]", has_text="n_n").click()
    assert page.inner_text("#detail-title") == "Mish"
    page.keyboard.press("Escape")
    assert page.inner_text("#findings-title") == "Findings for one"
    assert page.locator("#detail h2").count() == 0


def test_notes_are_hidden_until_they_are_wanted(opened: Open, small: Path) -> None:
    page = opened(small)
    assert "dynamic" not in page.inner_text("#findings")
    page.locator("#levels label", has_text="1 note").click()
    assert "the batch is dynamic" in page.inner_text("#findings")
    assert "the model as a whole" in page.inner_text("#findings")


def test_the_target_switch_colours_anew(opened: Open, small: Path) -> None:
    page = opened(small)
    fill = "node => getComputedStyle(node.querySelector('.box')).fill"
    assert node(page, "n_m").get_attribute("data-verdict") == "rejected"
    red = node(page, "n_m").evaluate(fill)
    page.locator("#targets button", has_text="two").click()
    assert node(page, "n_m").get_attribute("data-verdict") == "supported"
    assert node(page, "n_m").evaluate(fill) != red
    assert node(page, "n_n").evaluate(fill) == red
    assert page.inner_text("#findings-title") == "Findings for two"
    assert page.url.endswith("#two")


def test_an_address_opens_target_and_node(opened: Open, small: Path) -> None:
    assert opened(small, "#two/n_y").inner_text("#detail-title") == "Relu"
    for anchor in ("#nobody/nothing", "#%E0%A4%A"):
        assert opened(small, anchor).inner_text("#findings-title") == "Findings for one"


def test_a_command_is_copied(opened: Open, small: Path) -> None:
    page = opened(small, permissions=["clipboard-read", "clipboard-write"])
    page.locator(".card .copy").first.click()
    wait_until(page, "document.querySelector('.card .copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "graphfix fix m.onnx --target one -o fixed.onnx"


def test_markup_in_names_and_words_is_text(opened: Open, small: Path) -> None:
    page = opened(small)
    assert page.locator("img").count() == 0
    assert HOSTILE in page.inner_text("h1")
    assert "{{script}}" in page.inner_text("#findings")


def test_clusters_open_and_close_in_place(opened: Open, small: Path) -> None:
    page = opened(small)
    frame = page.locator("#drawing .frame")
    assert frame.count() == 1, "the branch of two nodes; that of one is no cluster"
    before = frame.bounding_box()
    frame.locator(".box").click(position={"x": 12, "y": 10})
    closed = page.locator("#drawing .cluster")
    assert closed.count() == 1
    assert page.locator("#drawing .node").count() == 8
    assert "2 nodes" in page.inner_text("#detail")
    assert abs(closed.bounding_box()["y"] - before["y"]) < 8
    closed.click()
    assert page.locator("#drawing .node").count() == 10


def test_a_node_is_found_by_name_or_operator(opened: Open, small: Path) -> None:
    page = opened(small)
    page.fill("#search", "relu")
    assert page.locator("#matches button").count() == 2
    page.fill("#search", "n_y")
    page.keyboard.press("Enter")
    assert "n_y" in page.locator("#drawing .selected").get_attribute("aria-label")
    page.fill("#search", "nothing like it")
    assert "no node matches" in page.inner_text("#matches")


def test_the_keyboard_moves_from_box_to_box(opened: Open, small: Path) -> None:
    page = opened(small)
    page.locator("#folded").focus()
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first.startswith("input")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") != first
    for _ in range(6):
        if "n_m" in page.evaluate("document.activeElement.getAttribute('aria-label')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#detail-title").count() == 1
    assert page.evaluate("document.activeElement.closest('#drawing') !== null")


def test_the_wheel_zooms_and_a_drag_moves_without_choosing(opened: Open, small: Path) -> None:
    page = opened(small)
    shift = "document.querySelector('#drawing > g').getAttribute('transform')"
    box = node(page, "n_y").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    wait_until(page, "Number(document.querySelector('#drawing > g').getAttribute('transform').match(/scale\\((.*)\\)/)[1]) > 1.2")
    before = page.evaluate(shift)
    page.mouse.click(x, y)
    page.mouse.down()
    page.mouse.move(x - 80, y - 60, steps=5)
    page.mouse.up()
    wait_until(page, f"{shift} !== '{before}'")
    assert "n_y" in page.locator("#drawing .selected").get_attribute("aria-label"), "a drag is no click beside the node"
    page.mouse.wheel(0, -2000)
    wait_until(page, "document.querySelectorAll('#drawing .node').length < 4")  # the rest is out of sight


def test_a_fix_shows_before_and_after(opened: Open, fixed: Path) -> None:
    page = opened(fixed)
    assert "applied decompose-mish (exact)" in page.inner_text("#changes")
    assert "Verified by onnxruntime on 3 inputs" in page.inner_text("#changes")
    assert node(page, "Mish n_m").get_attribute("class").split().count("differs") == 1
    page.locator("#views button", has_text="After").click()
    assert node(page, "Mish n_m").count() == 0
    assert "differs" in node(page, "Softplus n_m").get_attribute("class")
    assert page.locator("#drawing .differs").count() == 1
    assert page.locator("#drawing .v-r").count() == 0
    page.locator("#changes button", has_text="n_m").click()
    assert page.inner_text("#detail-title") == "Softplus"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 820, 1280])
def test_nothing_sticks_out_at_any_width(opened: Open, small: Path, fixed: Path, width: int, scheme: str) -> None:
    for path in (small, fixed):
        page = opened(path, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page.locator(".card .title").first.click()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert page.locator("#drawing").bounding_box()["y"] >= 0, "the drawing stays in sight"
        page.locator("#whole").click()
        node(page, "n_n").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        drawn = page.locator("#drawing").bounding_box()
        assert drawn["height"] > 150
        if width < 900:  # the drawing stays in sight above what a click shows
            assert drawn["y"] >= 0
            assert page.locator("#detail").bounding_box()["y"] >= drawn["y"] + drawn["height"]


def test_a_page_without_the_library_uses_its_own_layout(opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "layout_library", lambda: "")
    path = folder / "plain.html"
    path.write_text(model_page("m.onnx", [("", named(), [result("one", ["n_m"])])]))
    page = opened(path)
    assert page.evaluate("typeof dagre") == "undefined"
    boxes = [box.bounding_box() for box in page.locator("#drawing .node").all()]
    assert len(boxes) == 10
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            assert (one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
                    or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"])  # fmt: skip
    assert node(page, "n_m").bounding_box()["y"] < node(page, "n_y").bounding_box()["y"]


CLICKED = """selector => { const all = document.querySelectorAll(selector);
  all[all.length - 1].dispatchEvent(new MouseEvent('click', {bubbles: true})); document.body.offsetHeight; }"""


def clicked(page: Page, selector: str) -> float:
    """The milliseconds that the page computes upon a click: those of its thread, whatever else the machine is doing."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "ThreadTime")

    before = spent()
    page.evaluate(CLICKED, selector)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return 1000 * (spent() - before)


@pytest.mark.parametrize("modules", [True, False])
def test_twenty_thousand_nodes_open_and_answer_in_time(opened: Open, large: dict[bool, Path], modules: bool) -> None:
    def opening() -> tuple[float, Page]:
        page = opened(large[modules])
        return page.evaluate("performance.getEntriesByType('navigation')[0].domComplete") / 1000, page

    seconds, page = min((opening() for _ in range(3)), key=lambda one: one[0])
    print(f"opened in {seconds:.2f} s")
    assert seconds < 3
    assert "18,000" in page.inner_text("#legend")
    assert 5 < page.locator("#drawing [data-item]").count() < 200
    for selector in ("#drawing .cluster", ".card .title", ".card [aria-label='next node']", "#drawing .node", "#targets button"):
        took = clicked(page, selector)
        print(f"{selector}: {took:.0f} ms")
        assert 0 < took < 200
    page.locator("#targets button", has_text="one").click()
    page.keyboard.press("Escape")
    page.locator(".card [aria-label='previous node']").click()
    assert "Mish" in page.locator("#drawing .selected").get_attribute("aria-label")
    page.fill("#search", "node_Erf_19997")
    page.keyboard.press("Enter")
    assert "node_Erf_19997" in page.locator("#drawing .selected").get_attribute("aria-label")
