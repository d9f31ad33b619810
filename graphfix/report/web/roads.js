"use strict";
// Drawn anew whenever the room changes: from left to right where there is some, from top to bottom on a phone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const fill = (element, attributes, inside) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  };
  const make = (tag, attributes = {}, ...inside) => fill(document.createElement(tag), attributes, inside);
  const draw = (tag, attributes = {}, ...inside) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, inside);
  const CALLED = Object.fromEntries(data.ways.map(([way, called]) => [way, called]));
  const BRIEFLY = Object.fromEntries(data.ways.map(([way, , , brief]) => [way, brief]));
  const RANK = Object.fromEntries(data.ways.map(([way], rank) => [way, rank]));
  const STATES = { good: "verified", differs: "computes something else", fails: "export fails", missing: "not installed" };
  const stateOf = (start) => (start.only && start.state === "fails" ? "conversion fails" : STATES[start.state]);
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const error = (number) => (number === null ? "not known" : number === 0 ? "0" : number.toPrecision(2));
  const starts = new Map(data.exporters.map((start) => [start.exporter, start]));
  const roads = data.roads.filter((road) => starts.get(road.exporter).state === "good");
  const address = (road) => `#${encodeURIComponent(road.exporter)}/${encodeURIComponent(road.target)}`;
  const easiest = (target) => data.roads.find((road) => road.target === target && road.easiest);
  const said = (road) => `${road.exporter} to ${road.target}: ${CALLED[road.way]}, ${road.words}`;

  byId("summary").textContent = [data.title, data.by, `${data.reached.length} of ${count(data.targets.length, "target")} reached`,
    `${count(data.roads.length, "path")} tried`].filter(Boolean).join(" · ");
  byId("legend").append(...data.ways.filter(([way]) => data.roads.some((road) => road.way === way)).map(([way, called, meaning]) =>
    make("li", { class: way }, draw("svg", { width: 44, height: 10, "aria-hidden": "true" },
      draw("path", { class: "ribbon", d: "M0 5H44", "stroke-width": 8 })), make("b", {}, called), make("span", {}, meaning))));

  // The drawing: four ranks of nodes; `along` runs from the source to the targets, `across` at right angles to it.
  let chosen = null; // what is told about: a road, or a start
  let entry = null; // the one thing in the drawing that Tab reaches
  let items = [];
  const size = (down) => (down
    ? { lane: 4, gap: 2, pad: 6, apart: 6, deep: 46, step: 84, least: 50, most: 110, fonts: [11, 10] }
    : { lane: 8, gap: 4, pad: 8, apart: 16, deep: 164, step: 0, least: 44, most: 44, fonts: [13, 11] });

  const pen = document.createElement("canvas").getContext("2d");
  const cropped = (text, room, font) => {
    pen.font = font;
    if (pen.measureText(text).width <= room) return text;
    let kept = text.length - 1;
    while (kept > 1 && pen.measureText(`${text.slice(0, kept)}…`).width > room) kept -= 1;
    return `${text.slice(0, kept)}…`;
  };
  const best = (list) => list.reduce((way, road) => (RANK[road.way] < RANK[way] ? road.way : way), "none");

  const ranks = () => {
    const order = (name) => data.exporters.findIndex((start) => start.exporter === name);
    const sorted = [...roads].sort((one, other) => order(one.exporter) - order(other.exporter)
      || data.targets.indexOf(one.target) - data.targets.indexOf(other.target));
    const node = (kind, name, sub, lanes, more = {}) => ({ kind, name, sub, lanes, way: best(lanes), ...more });
    const source = node("source", data.source.split(/[\\/]/).pop(), data.title, data.exporters, { way: best(roads) });
    return [[source],
      data.exporters.map((start) => {
        const own = sorted.filter((road) => road.exporter === start.exporter).sort((one, other) => RANK[one.way] - RANK[other.way]);
        return node("start", start.exporter, start.state === "good" ? (start.only ? `only ${start.only}` : count(start.nodes, "node")) : stateOf(start), own,
          { start, dead: start.state !== "good", brief: { fails: "fails", differs: "differs", missing: "missing" }[start.state] });
      }),
      data.ways.map(([way, called]) => ({ way, called, own: sorted.filter((road) => road.way === way) })).filter(({ own }) => own.length)
        .map(({ way, called, own }) => node("way", called, count(own.length, "path"), own, { way })),
      data.targets.map((target) => {
        const own = sorted.filter((road) => road.target === target).sort((one, other) => RANK[one.way] - RANK[other.way]);
        return node("target", target, data.reached.includes(target) ? CALLED[easiest(target).way] : CALLED[best(own)], own,
          { target, brief: BRIEFLY[data.reached.includes(target) ? easiest(target).way : best(own)] });
      })];
  };

  const render = () => {
    const room = Math.floor(byId("drawing").clientWidth) - 6;
    const down = room < 640;
    const { lane, gap, pad, apart, deep, step, least, most, fonts } = size(down);
    const all = ranks();
    const wide = (node, rank) => Math.max(least, Math.min(most, Math.floor((room - 4) / rank.length) - apart),
      node.lanes.length * (lane + gap) - gap + 2 * pad);
    const sums = all.map((rank) => rank.reduce((sum, node) => sum + wide(node, rank) + apart, -apart));
    const across = Math.max(...sums, down ? room : 240);
    const inner = down ? deep : Math.min(deep, (room - 3 * 60) / 4);
    const stride = down ? step + deep : (room - inner) / 3;
    const length = stride * 3 + inner;
    all.forEach((rank, level) => {
      const spare = Math.min(level ? 90 : 0, (across - sums[level]) / (rank.length + 1));
      let at = (across - sums[level] - spare * (rank.length - 1)) / 2;
      for (const node of rank) {
        Object.assign(node, { level, at, size: wide(node, rank), from: level * stride, to: level * stride + inner });
        const taken = node.lanes.length * (lane + gap) - gap;
        node.port = (road) => node.at + (node.size - taken) / 2 + lane / 2 + node.lanes.indexOf(road) * (lane + gap);
        at += node.size + apart + spare;
      }
    });
    const point = (a, c) => (down ? `${c.toFixed(1)} ${a.toFixed(1)}` : `${a.toFixed(1)} ${c.toFixed(1)}`);
    const bend = (a, c, b, d) => `C${point((a + b) / 2, c)} ${point((a + b) / 2, d)} ${point(b, d)}`;
    const svg = draw("svg", { class: down ? "down" : "over", role: "group", "aria-label": "Paths from the source to its targets",
      width: down ? across : length, height: down ? length : across,
      viewBox: down ? `-2 -2 ${across + 4} ${length + 4}` : `-2 -2 ${length + 4} ${across + 4}` });
    const [[source], beginnings, ways, goals] = all;
    for (const node of beginnings) {
      const [c, d] = [source.port(node.start), node.at + node.size / 2];
      svg.append(draw("path", { class: `ribbon trunk ${node.way}`, "stroke-width": lane, "data-start": node.name,
        d: `M${point(source.to, c)}${bend(source.to, c, node.from, d)}` }));
    }
    items = [];
    for (const road of [...roads].sort((one, other) => RANK[other.way] - RANK[one.way])) { // the easiest on top
      const node = beginnings.find(({ start }) => start.exporter === road.exporter);
      const way = ways.find((one) => one.way === road.way);
      const goal = goals.find(({ target }) => target === road.target);
      const [a, b, c] = [node.port(road), way.port(road), goal.port(road)];
      const first = `M${point(node.to, a)}${bend(node.to, a, way.from, b)}`;
      const second = `${bend(way.to, b, goal.from, c)}`;
      const whole = `${first}L${point(way.to, b)}${second}`;
      const parts = road.reached ? [draw("path", { class: "ribbon", "stroke-width": lane, d: whole })]
        : [draw("path", { class: "ribbon", "stroke-width": lane, d: `${first}L${point(way.to, b)}` }),
          draw("path", { class: "leg", d: `M${point(way.to, b)}${second}` })];
      const item = draw("g", { class: `road ${road.way}`, role: "button", tabindex: "-1", "aria-label": said(road) },
        draw("title", {}, said(road)), draw("path", { class: "hit", "stroke-width": lane + gap + 4, d: whole }), ...parts);
      wire(item, road);
      svg.append(item);
    }
    all.flat().forEach((node) => svg.append(box(node, down, fonts)));
    const order = [...svg.querySelectorAll(".start[role=button]"), ...roads.map((road) => items.find(({ about }) => about === road).item),
      ...svg.querySelectorAll(".target")];
    items = order.map((item) => items.find((one) => one.item === item));
    byId("drawing").replaceChildren(svg);
    entry = (items.find(({ about }) => about === chosen) ?? items[0])?.item ?? null;
    if (entry) entry.setAttribute("tabindex", "0");
    mark();
  };
  const box = (node, down, [large, small]) => {
    const [x, y, width, height] = down ? [node.at, node.from, node.size, node.to - node.from] : [node.from, node.at, node.to - node.from, node.size];
    const middle = { x: x + width / 2, "text-anchor": "middle" };
    const family = getComputedStyle(document.body).fontFamily;
    const [name, sub] = down ? [BRIEFLY[node.kind === "way" ? node.way : ""] ?? node.name, node.brief ?? node.sub] : [node.name, node.sub];
    const item = draw("g", { class: `node ${node.kind} ${node.way}${node.dead ? " dead" : ""}` },
      draw("title", {}, `${node.name}: ${node.sub}`),
      draw("rect", { x, y, width, height, rx: 6 }),
      draw("text", { ...middle, y: y + height / 2 - 3 }, cropped(name, width - (down ? 3 : 8), `600 ${large}px ${family}`)),
      draw("text", { ...middle, class: "sub", y: y + height / 2 + 13 }, cropped(sub, width - (down ? 3 : 8), `${small}px ${family}`)));
    if (node.kind === "start" || node.kind === "target") {
      fill(item, { role: "button", tabindex: "-1", "aria-label": `${node.name}: ${node.sub}` }, []);
      wire(item, node.start ?? easiest(node.target));
    }
    return item;
  };
  const wire = (item, about) => {
    items.push({ item, about });
    item.addEventListener("click", () => choose(about));
    item.addEventListener("focus", () => {
      entry?.setAttribute("tabindex", "-1");
      entry = item;
      item.setAttribute("tabindex", "0");
    });
  };
  const MOVES = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };
  byId("drawing").addEventListener("keydown", (event) => {
    const at = items.findIndex(({ item }) => item === document.activeElement);
    if (at < 0) return;
    const to = { Home: 0, End: items.length - 1 }[event.key] ?? (event.key in MOVES ? at + MOVES[event.key] : null);
    if (to !== null) {
      event.preventDefault();
      items[Math.min(items.length - 1, Math.max(0, to))].item.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(items[at].about);
    }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") choose(null); });

  // Every road once more, as a table
  const table = byId("matrix");
  const cells = [];
  table.tHead.append(make("tr", {}, make("th", { scope: "col" }, "Target"),
    ...data.exporters.map((start) => make("th", { scope: "col" }, start.exporter))));
  for (const target of data.targets) {
    const line = make("tr", {}, make("th", { scope: "row" }, target));
    for (const start of data.exporters) {
      const road = data.roads.find((one) => one.target === target && one.exporter === start.exporter);
      if (!road) {
        line.append(make("td", {}, "–"));
        continue;
      }
      const button = make("button", { type: "button", class: road.way, "aria-pressed": "false",
        "aria-label": said(road) + (road.easiest && road.reached ? ", the easiest" : "") }, road.words);
      if (road.easiest && road.reached) button.append(make("small", {}, "easiest"));
      const about = start.state === "good" ? road : start;
      button.addEventListener("click", () => choose(about));
      cells.push({ button, about, road });
      line.append(make("td", {}, button));
    }
    table.tBodies[0].append(line);
  }

  // What is known of one road or exporter
  const obstacle = (one, way) => {
    const place = (text) => make("li", { class: "place" }, text);
    const box_ = make("div", { class: `obstacle ${way}` }, make("b", {}, `${one.code} ${one.name}`), make("div", {}, one.message));
    if (one.measured) box_.append(make("q", {}, one.measured));
    const places = one.places.filter(Boolean);
    if (places.length) box_.append(make("ul", {}, ...places.slice(0, 5).map(place)));
    if (places.length > 5) box_.append(make("details", {}, make("summary", {}, `${places.length - 5} more`), make("ul", {}, ...places.slice(5).map(place))));
    if (one.rewrite) box_.append(make("div", { class: "soft" }, "Helps: ", make("b", {}, one.rewrite.name), ` (${one.rewrite.safety})`));
    return box_;
  };
  const part = (title, ...inside) => (inside.length ? [make("h3", {}, title), ...inside] : []);
  const facts = (pairs) => make("dl", {}, ...pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  const startFacts = (start) => [...(start.only ? [] : [["ONNX", `${count(start.nodes, "node")}, opset ${start.opset}`]]),
    ...(data.by ? [["export", `error ${error(start.max_rel_error)} against the framework, ${start.seconds} s`]] : [])];
  const tellStart = (start) => {
    const dead = start.state !== "good";
    return [make("h2", { id: "detail-title" }, start.exporter),
      make("p", {}, make("span", { class: `badge ${dead ? "none" : "as-is"}` }, stateOf(start))),
      ...(dead ? part("What blocks it", make("div", { class: "obstacle none" }, make("div", {}, start.reason),
        ...(start.place ? [make("ul", {}, make("li", { class: "place" }, start.place))] : []),
        ...(start.cure ? [make("div", { class: "soft" }, start.cure)] : []))) : []),
      ...(start.nodes ? [facts(startFacts(start))] : []),
      ...(dead ? part("Learn more", make("pre", {}, data.roads.find((road) => road.exporter === start.exporter).command)) : [])];
  };
  const tellRoad = (road) => {
    const start = starts.get(road.exporter);
    const [met, left] = [road.met, road.left].map((list) => list.map((one) => obstacle(one, road.way)));
    const gone = road.reached ? met : [];
    const numbers = [...startFacts(start)];
    if (road.rewrites.length) numbers.push(["rewrites", `error ${error(road.max_rel_error)} of an output's scale`]);
    if (road.rewrites.length && data.by && road.reached) numbers.push(["in all", `error ${error(road.end_error)} against the framework`]);
    if (Object.keys(road.shapes).length) numbers.push(["sizes", Object.entries(road.shapes).map(([name, dims]) => `${name} ${dims.join("×")}`).join(", ")]);
    numbers.push([start.only ? "converted by" : "predicted by", `${road.judge}: ${road.verdict}`]);
    if (road.compiler) {
      const { version, accepted, stage, message } = road.compiler;
      numbers.push(["compiler", `${version} itself ${accepted ? "accepts it" : `rejects it at ${stage}: ${message}`}`]);
    }
    numbers.push(["tried in", `${road.seconds} s`]);
    const others = road.easiest || !road.reached ? [] : [make("p", { class: "soft" }, `${said(easiest(road.target))}, is easier.`)];
    return [make("h2", { id: "detail-title" }, `${road.exporter} → ${road.target}`),
      make("p", {}, make("span", { class: `badge ${road.way}` }, CALLED[road.way])), ...others,
      ...(road.note ? [make("p", {}, road.note)] : []),
      ...part("What blocks it", ...left),
      ...(road.hint ? [make("p", {}, "Perhaps with ", make("code", {}, road.hint))] : []),
      ...part("What was fixed", ...gone),
      ...part(road.reached ? "Rewrites" : "Rewrites that were tried", ...(road.rewrites.length ? [make("ul", {}, ...road.rewrites.map((one) =>
        make("li", {}, make("b", {}, one.name), ` × ${one.times} (${one.safety})`)))] : [])),
      ...part("Measured", facts(numbers)),
      ...part(road.reached ? "Use this path" : "Learn more", make("pre", {}, road.command))];
  };
  const tellAll = () => {
    const open = data.targets.filter((target) => data.reached.includes(target));
    const shut = data.targets.filter((target) => !data.reached.includes(target));
    const line = (road) => make("li", {}, make("b", {}, road.target), `: ${road.words}${data.exporters.length > 1 ? ` by ${road.exporter}` : ""}`);
    return [make("h2", { id: "detail-title" }, "The easiest paths"),
      ...(open.length ? [make("ul", {}, ...open.map((target) => line(easiest(target))))] : []),
      ...part("Not reached", ...(shut.length ? [make("ul", {}, ...shut.map((target) => line(easiest(target))))] : [])),
      make("p", { class: "soft" }, "Choose a path, an exporter or a target to see what blocks it, and the command to run.")];
  };
  const mark = () => {
    const svg = byId("drawing").firstElementChild;
    const exporter = chosen?.exporter;
    const one = (about) => about === chosen || (chosen && !chosen.target && about.exporter === exporter);
    svg?.classList.toggle("chosen", chosen !== null);
    for (const { item, about } of items) item.classList.toggle("on", Boolean(one(about)));
    svg?.querySelectorAll(".trunk").forEach((path) => path.classList.toggle("on", path.dataset.start === exporter));
    for (const { button, about } of cells) button.setAttribute("aria-pressed", about === chosen);
  };
  const choose = (about, quietly = false) => {
    chosen = about;
    const detail = byId("detail");
    detail.replaceChildren(...(!about ? tellAll() : about.target ? tellRoad(about) : tellStart(about)));
    detail.scrollTop = 0;
    mark();
    if (quietly) return;
    history.replaceState(null, "", about?.target ? address(about) : about ? `#${encodeURIComponent(about.exporter)}` : location.href.split("#")[0]);
    if (about) detail.scrollIntoView({ block: "nearest" });
  };
  const fromAddress = () => {
    const found = [...roads, ...data.exporters].find((one) => (one.target ? address(one) : `#${encodeURIComponent(one.exporter)}`) === location.hash);
    choose(found ?? null, true);
  };
  window.addEventListener("hashchange", fromAddress);
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 1) return;
    width = contentRect.width;
    render();
  }).observe(byId("drawing"));

  render();
  fromAddress();
  document.documentElement.dataset.rendered = "true";
})();
