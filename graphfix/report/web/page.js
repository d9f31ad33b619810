"use strict";
// The matrix is built once, a button a cell; filters only hide rows and columns. See support_page.py for the data.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (number) => data.strings[number];
  const VERDICTS = ["unmeasured", "always", "conditions", "rejected"];
  const CALLED = { always: "always", conditions: "with conditions", rejected: "rejected", unmeasured: "not measured" };
  const byId = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  };
  const verdictOf = (cell) => VERDICTS[cell ? cell[0] : 0];
  const fullName = ([op, domain]) => (domain ? `${domain}.${op}` : op);
  const columnName = ([target, version]) => `${target} ${version}`;
  const address = (row, at) => encodeURI(`${fullName(data.rows[row])}/${data.columns[at][0]}@${data.columns[at][1]}`);

  // The matrix
  const [head, body] = [byId("matrix").tHead, byId("matrix").tBodies[0]];
  const cells = [];
  const lines = [];
  head.append(make("tr", {}, make("th", { scope: "col" }, "Operator"), ...data.columns.map((column) =>
    make("th", { scope: "col", title: column[2] }, make("span", {}, column[0], make("small", {}, ` ${column[1]}`))))));
  const fragment = document.createDocumentFragment();
  data.rows.forEach(([op, domain, found], row) => {
    const name = make("th", { scope: "row" }, op);
    if (domain) name.append(make("small", {}, ` ${domain}`));
    const line = make("tr", {}, name);
    cells.push(found.map((cell, at) => {
      const verdict = verdictOf(cell);
      const words = cell ? cell[6] : CALLED.unmeasured;
      const count = words.split(" ")[0];
      const [mark, rest] = verdict === "conditions" ? [count, words.slice(count.length)]
        : [{ always: "✓", rejected: "✗", unmeasured: "–" }[verdict], ` ${words}`];
      const button = make("button", { type: "button", class: verdict, tabindex: "-1",
        "aria-label": `${fullName(data.rows[row])} on ${columnName(data.columns[at])}: ${words}` }, mark, make("span", {}, rest));
      button.dataset.row = row;
      button.dataset.at = at;
      line.append(make("td", {}, button));
      return button;
    }));
    lines.push(line);
    fragment.append(line);
  });
  body.append(fragment);

  // Filters
  const query = byId("query");
  const domain = byId("domain");
  const domains = [...new Set(data.rows.map((row) => row[1]))].sort();
  domain.append(make("option", { value: "*" }, "all"), ...domains.map((name) => make("option", { value: name }, name || "ai.onnx")));
  const chip = (value, label, checked) => {
    const box = make("input", { type: "checkbox", value });
    box.defaultChecked = checked;
    return make("label", { class: "chip" }, box, label);
  };
  byId("verdicts").append(...Object.entries(CALLED).map(([value, label]) => chip(value, label, false)));
  byId("columns").append(...data.columns.map((column, at) => chip(at, columnName(column), true)));
  const checked = (id) => [...byId(id).querySelectorAll("input:checked")].map((box) => box.value);

  const haystacks = new Map(); // what a cell can be found by, made when it is first searched
  const haystack = (row, at) => {
    const key = row * data.columns.length + at;
    if (!haystacks.has(key)) {
      const cell = data.rows[row][2][at];
      const words = (cell ? cell[5] : []).map(([, when, id, stage, said, , , , cure]) =>
        [when, id, stage, said, cure].map(text).join(" "));
      haystacks.set(key, words.join("\n").toLowerCase());
    }
    return haystacks.get(key);
  };
  const filter = () => {
    const terms = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(checked("verdicts"));
    const shown = new Set(checked("columns").map(Number));
    const columns = data.columns.map((_, at) => at).filter((at) => shown.has(at));
    let count = 0;
    data.rows.forEach((row, number) => {
      const name = fullName(row).toLowerCase();
      const rest = terms.filter((term) => !name.includes(term));
      const wanted = (at) => (!verdicts.size || verdicts.has(verdictOf(row[2][at])))
        && rest.every((term) => haystack(number, at).includes(term));
      const hits = domain.value === "*" || domain.value === row[1] ? columns.filter(wanted) : [];
      lines[number].hidden = !hits.length;
      count += hits.length ? 1 : 0;
      cells[number].forEach((button, at) => {
        button.classList.toggle("hit", (rest.length > 0 || verdicts.size > 0) && hits.includes(at));
      });
    });
    head.rows[0].querySelectorAll("th").forEach((cell, at) => { cell.hidden = at > 0 && !shown.has(at - 1); });
    cells.forEach((line) => line.forEach((button, at) => { button.parentElement.hidden = !shown.has(at); }));
    byId("count").textContent = `${count} of ${data.rows.length} operators, ${columns.length} of ${data.columns.length} compiler versions`;
    settle();
  };
  byId("filters").addEventListener("input", filter);
  byId("filters").addEventListener("reset", () => setTimeout(filter));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());

  // One cell at a time can be tabbed to; arrows move among those that are shown.
  let current = cells[0]?.[0];
  const visible = (button) => button && !button.parentElement.hidden && !button.closest("tr").hidden;
  const settle = (to = current) => {
    if (current) current.tabIndex = -1;
    current = visible(to) ? to : [...body.querySelectorAll("button")].find(visible);
    if (current) current.tabIndex = 0;
  };
  const step = (from, down, right) => {
    let [row, at] = [Number(from.dataset.row), Number(from.dataset.at)];
    for (;;) {
      row += down;
      at += right;
      const next = cells[row]?.[at];
      if (!next) return from;
      if (visible(next)) return next;
    }
  };
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  body.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || !event.target.dataset.row) return;
    event.preventDefault();
    settle(step(event.target, ...move));
    current.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !dialog.open && event.target !== query) {
      event.preventDefault();
      query.focus();
    }
  });

  // Precisions, which are rendered when they are first opened
  const precision = byId("precision");
  const SHADES = { yes: "always", no: "rejected", wrong: "rejected", "-": "unmeasured" };
  const list = (lines) => make("ul", {}, ...lines.map((line) => make("li", {}, ...line)));
  const renderPrecision = () => {
    const { versions, arithmetics, forms, legend } = data.precision;
    const modes = arithmetics.flatMap((found, at) => found.map(([line, said]) =>
      [make("b", {}, versions[at]), `: ${text(line)} `, make("span", { class: "soft" }, text(said))]));
    const rows = forms.map(([short, label, marks, said]) => {
      const name = make("details", {}, make("summary", {}, text(short)), make("p", {}, text(label)),
        ...said.map((one) => make("p", { class: "soft" }, text(one))));
      return make("tr", {}, make("th", { scope: "row" }, name), ...marks.map(text).map((mark) =>
        make("td", { class: SHADES[mark] ?? "conditions" }, mark)));
    });
    const columns = make("tr", {}, make("th", { scope: "col" }, "Form"), ...versions.map((name) => make("th", { scope: "col" }, name)));
    byId("precision-body").append(make("h2", {}, "Arithmetic of models in float32"), list(modes), make("h2", {}, "Forms"),
      list(legend.map((line) => [text(line)])),
      make("div", { id: "forms", tabindex: "0" }, make("table", {}, make("thead", {}, columns), make("tbody", {}, ...rows))));
  };
  precision.hidden = !data.precision;
  precision.addEventListener("toggle", () => { if (precision.open && !byId("precision-body").childElementCount) renderPrecision(); });

  // What is known of one cell
  const dialog = byId("detail");
  const SORTS = ["Rejected", "Computes something else", "Rejected in one form", "Runs on a fallback"];
  const statement = ([sort, words, id, stage, said, supports, opposes, error, cure, safety], place) => {
    const counts = `${supports} probe${supports === 1 ? "" : "s"}${opposes ? `, ${opposes} against` : ""}`;
    const off = error === null ? "" : `, relative error up to ${error.toPrecision(2)}`;
    const box = make("section", { class: "statement" },
      make("h3", {}, `${SORTS[sort]}: ${text(words) || "in every form"}`));
    if (text(said)) box.append(make("q", {}, text(said)));
    box.append(make("p", { class: "soft" }, `${counts}${off}; stage ${text(stage)}; evidence ${place}/${text(id)}`));
    if (text(cure)) box.append(make("p", { class: "helps" }, "Helps: ", make("b", {}, text(cure)), ` (${text(safety)} rewrite)`));
    return box;
  };
  const show = (row, at) => {
    const [cell, column, name] = [data.rows[row][2][at], data.columns[at], fullName(data.rows[row])];
    const verdict = verdictOf(cell);
    byId("detail-title").textContent = `${name} on ${columnName(column)}`;
    const inside = [make("p", {}, make("span", { class: `badge ${verdict}` }, CALLED[verdict]))];
    if (cell) {
      const [, probes, compiler, on, tried, statements] = cell;
      inside.push(make("p", { class: "soft" }, `${probes} probes of ${text(compiler)}, measured ${text(on)}; ${column[2]}`));
      if (verdict === "always") inside.push(make("p", {}, "Supported in every form that was tried."));
      inside.push(...statements.map((one) => statement(one, `${column[0]}/${name}`)));
      const axes = text(tried).split("\n").filter(Boolean).map((axis) => make("li", {}, axis));
      if (axes.length) inside.push(make("details", {}, make("summary", {}, "What was tried"), make("ul", { class: "tried" }, ...axes)));
    } else {
      inside.push(make("p", {}, "This operator was not measured on this compiler. Measure it with ",
        make("code", {}, `graphfix probe --target ${column[0]}@${column[1]} --op ${name}`), "."));
    }
    if (column[3]) inside.push(make("p", { class: "soft" }, column[3]));
    const others = data.columns.map((other, to) => [other, to]).filter(([, to]) => to !== at).map(([other, to]) => {
      const button = make("button", { type: "button" }, `${columnName(other)}: ${CALLED[verdictOf(data.rows[row][2][to])]}`);
      button.addEventListener("click", () => open(row, to));
      return button;
    });
    inside.push(make("div", { class: "others" }, ...others));
    byId("detail-body").replaceChildren(...inside);
    dialog.scrollTop = 0;
  };
  const open = (row, at) => {
    show(row, at);
    settle(cells[row][at]);
    if (!dialog.open) dialog.showModal();
    history.replaceState(null, "", `#${address(row, at)}`);
  };
  const fromAddress = () => {
    const wanted = location.hash.slice(1);
    if (!wanted) return;
    data.rows.forEach((_, row) => data.columns.forEach((__, at) => { if (address(row, at) === wanted) open(row, at); }));
  };
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) open(Number(button.dataset.row), Number(button.dataset.at));
  });
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", location.href.split("#")[0]);
    current?.focus();
  });
  window.addEventListener("hashchange", fromAddress);

  filter();
  fromAddress();
  document.documentElement.dataset.rendered = Math.round(performance.now()); // milliseconds since the page was asked for
})();
