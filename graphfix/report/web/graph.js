// The drawing of one view: what is in sight is drawn as SVG, and only that.
const LETTERS = { r: ["rejected", "✕"], w: ["wrong numerics", "≠"], d: ["undecided", "?"], u: ["unmeasured", "–"], s: ["supported", "✓"] };
const GRAVEST = ["r", "w", "d", "u", "s"];
const fill = (element, attributes, inside) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};
const make = (tag, attributes = {}, ...inside) => fill(document.createElement(tag), attributes, inside);
const draw = (tag, attributes = {}, ...inside) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, inside);
const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

const LEAST = 0.5; // the scale of the first look at least: smaller words cannot be read

const Drawing = (svg, text) => {
  const FONTS = { head: "600 13px system-ui, sans-serif", sub: "11px system-ui, sans-serif" };
  const pen = document.createElement("canvas").getContext("2d");
  const layers = ["frames", "lines", "boxes", "paths"].map((name) => draw("g", { class: name }));
  const world = draw("g", {}, ...layers);
  svg.append(draw("defs", {}, ...["arrow", "chosen"].map((id) => draw("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4,
    markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, draw("path", { d: "M0 0L8 4L0 8z" })))), world);
  const [frames, lineLayer, boxLayer, pathLayer] = layers;
  const shown = new Map(); // elements by key
  let tree = null;
  let places = { boxes: new Map(), lines: [] };
  let [open, cache, counts] = [new Set(), new Map(), []];
  let [letters, marked, differs, selected, entry] = ["", [], [], null, null];
  let at = { x: 0, y: 0, k: 1 };
  let waiting = false;

  const cropped = (words, room, font) => {
    pen.font = font;
    if (pen.measureText(words).width <= room) return words;
    let [low, high] = [1, words.length];
    while (low < high) {
      const half = (low + high + 1) >> 1;
      if (pen.measureText(`${words.slice(0, half)}…`).width <= room) low = half; else high = half - 1;
    }
    return `${words.slice(0, low)}…`;
  };
  const isNode = (item) => item < tree.nodes;
  const head = (item) => text(isNode(item) ? tree.view.ops[item] : tree.view.labels[item - tree.nodes]);
  const sub = (item) => (isNode(item) ? text(tree.view.names[item]).split("/").pop() : count(tree.size[item], "node"));
  const measure = (item) => {
    pen.font = FONTS.head;
    const wide = pen.measureText(head(item)).width;
    pen.font = FONTS.sub;
    return [Math.max(isNode(item) ? 84 : 130, Math.min(230, Math.max(wide, pen.measureText(sub(item)).width) + (isNode(item) ? 42 : 72))), isNode(item) ? 42 : 54];
  };
  const tally = (item) => counts[item] ?? {};
  const gravest = (item) => (isNode(item) ? letters[item] : GRAVEST.find((letter) => tally(item)[letter]) ?? "-");
  // How many of some nodes are in each item; a cluster has a higher number than the one around it.
  const within = (items) => {
    const found = new Int32Array(tree.parent.length);
    for (const item of items) found[item] = 1;
    for (const item of items) found[tree.parent[item]] += 1;
    for (let item = tree.parent.length - 1; item > tree.nodes; item -= 1) found[tree.parent[item]] += found[item];
    return found;
  };
  const recount = () => {
    counts = Array.from({ length: tree.parent.length }, () => null);
    for (let item = 0; item < tree.nodes; item += 1) {
      const own = counts[tree.parent[item]] ??= {};
      own[letters[item]] = (own[letters[item]] ?? 0) + 1;
    }
    for (let item = tree.parent.length - 1; item > tree.nodes; item -= 1) {
      const outer = counts[tree.parent[item]] ??= {};
      for (const letter of GRAVEST) if (counts[item]?.[letter]) outer[letter] = (outer[letter] ?? 0) + counts[item][letter];
    }
  };

  const called = (item) => {
    const words = `${head(item)}${isNode(item) ? ` ${text(tree.view.names[item])}` : `, ${sub(item)}`}`;
    return LETTERS[gravest(item)] ? `${words}: ${LETTERS[gravest(item)][0]}` : words;
  };
  const bar = (item, { w, h }) => {
    const own = tally(item);
    const total = GRAVEST.reduce((sum, letter) => sum + (own[letter] ?? 0), 0);
    let x = 10;
    return GRAVEST.filter((letter) => own[letter]).map((letter) => {
      const wide = Math.max(3, (w - 20) * own[letter] / total);
      x += wide;
      return draw("rect", { class: `part v-${letter}`, x: x - wide, y: h - 10, width: Math.min(wide, w - 10 - x + wide), height: 5 });
    });
  };
  const element = (item, box) => {
    const opened = open.has(item);
    const [hits, other] = [marked[item], differs[item] > 0];
    const letter = gravest(item);
    const kind = isNode(item) ? "node" : opened ? "frame" : "cluster";
    const parts = [draw("title", {}, called(item)), draw("rect", { class: "box", width: box.w, height: box.h, rx: kind === "node" ? 5 : 8 })];
    if (kind === "cluster") parts.unshift(draw("rect", { class: "under", x: 4, y: 4, width: box.w, height: box.h, rx: 8 }));
    const room = box.w - (hits && !isNode(item) ? 64 : 38);
    const mark = LETTERS[letter]?.[1] ?? "";
    if (kind === "frame") parts.push(draw("text", { class: "head", x: 26, y: 19 }, cropped(`${head(item)}, ${sub(item)}`, room, FONTS.head)));
    else parts.push(draw("text", { class: "head", x: 26, y: 18 }, cropped(head(item), room, FONTS.head)),
      draw("text", { class: "sub", x: 26, y: 33 }, cropped(sub(item), box.w - 36, FONTS.sub)));
    parts.push(draw("text", { class: "mark", x: 14, y: kind === "node" ? 26 : 19 }, isNode(item) ? mark : opened ? "−" : "+"));
    if (kind === "cluster") parts.push(...bar(item, box));
    if (hits && !isNode(item) && !opened) parts.push(draw("text", { class: "hits", x: box.w - 9, y: 18 }, `●${hits.toLocaleString("en")}`));
    const classes = [kind, `v-${letter}`, hits && !opened ? "hit" : "", other && !opened ? "differs" : "", item === selected ? "selected" : ""];
    return draw("g", { class: classes.filter(Boolean).join(" "), role: "button", tabindex: item === entry ? "0" : "-1", "data-item": item,
      "data-verdict": LETTERS[letter]?.[0] ?? "", "aria-label": called(item), transform: `translate(${box.x} ${box.y})`,
      ...(isNode(item) ? {} : { "aria-expanded": opened }) }, ...parts);
  };
  const curve = (points) => points.reduce((path, [x, y], index) => {
    if (!index) return `M${x.toFixed(1)} ${y.toFixed(1)}`;
    const [px, py] = points[index - 1];
    const bend = (y - py) / 2;
    return `${path}C${px.toFixed(1)} ${(py + bend).toFixed(1)} ${x.toFixed(1)} ${(y - bend).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)}`;
  }, "");

  const paint = () => {
    waiting = false;
    world.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.k})`);
    svg.classList.toggle("far", at.k < 0.34);
    const sight = { left: -at.x / at.k, top: -at.y / at.k, right: (svg.clientWidth - at.x) / at.k, bottom: (svg.clientHeight - at.y) / at.k };
    const seen = (x, y, w, h) => x < sight.right && y < sight.bottom && x + w > sight.left && y + h > sight.top;
    const kept = new Set();
    const keep = (key, layer, build) => {
      kept.add(key);
      if (shown.has(key)) return;
      shown.set(key, build());
      layer.append(shown.get(key));
    };
    for (const [item, box] of places.boxes) {
      if (seen(box.x, box.y, box.w, box.h) && box.h * at.k > 2.5) keep(item, open.has(item) ? frames : boxLayer, () => element(item, box));
    }
    for (const { key, points } of places.lines) {
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const [x, y] = [Math.min(...xs), Math.min(...ys)];
      if (seen(x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1)) {
        keep(key, lineLayer, () => draw("path", { d: curve(points), "marker-end": "url(#arrow)" }));
      }
    }
    for (const [key, old] of shown) {
      if (kept.has(key)) continue;
      old.remove();
      shown.delete(key);
    }
  };
  const repaint = (anew) => {
    if (anew) {
      for (const old of shown.values()) old.remove();
      shown.clear();
      highlight();
      paint();
    } else if (!waiting) {
      waiting = true;
      requestAnimationFrame(paint);
    }
  };
  const inSight = (item) => { // the box that shows an item: its own, or that of the closed cluster around it
    let found = item;
    while (!places.boxes.has(found)) found = tree.parent[found];
    return places.boxes.get(found);
  };
  const highlight = () => {
    pathLayer.replaceChildren();
    if (selected === null || !isNode(selected)) return;
    for (const edge of tree.links.of[selected].slice(0, 200)) {
      const [a, b] = [inSight(tree.view.edges[edge]), inSight(tree.view.edges[edge + 1])];
      if (a === b) continue;
      pathLayer.append(draw("path", { d: curve([[a.x + a.w / 2, a.y + a.h], [b.x + b.w / 2, b.y]]), "marker-end": "url(#chosen)" }));
    }
  };
  const arrange = (item = null) => {
    const before = item === null ? null : places.boxes.get(item);
    places = Tree.visible(tree, open, cache, measure);
    const after = places.boxes.get(item);
    if (before && after) at = { ...at, x: at.x + (before.x + before.w / 2 - after.x - after.w / 2) * at.k, y: at.y + (before.y - after.y) * at.k };
  };
  const toggle = (item) => {
    if (open.has(item)) open.delete(item); else open.add(item);
    Tree.forget(tree, item, cache);
    arrange(item);
    repaint(true);
  };
  const reveal = (item) => {
    let changed = false;
    for (let outer = tree.parent[item]; outer >= 0; outer = tree.parent[outer]) {
      if (open.has(outer)) continue;
      open.add(outer);
      Tree.forget(tree, outer, cache);
      changed = true;
    }
    if (changed) arrange();
  };
  const centre = (item) => {
    const box = places.boxes.get(item);
    const k = Math.max(0.8, Math.min(1.2, at.k));
    at = { k, x: svg.clientWidth / 2 - (box.x + box.w / 2) * k, y: svg.clientHeight / 2 - (box.y + Math.min(box.h, svg.clientHeight) / 2) * k };
  };
  const fit = (least = 0.03) => {
    const all = [...places.boxes.values()];
    const [w, h] = [Math.max(1, ...all.map((box) => box.x + box.w)), Math.max(1, ...all.map((box) => box.y + box.h))];
    const k = Math.max(least, Math.min(1, (svg.clientWidth - 32) / w, (svg.clientHeight - 32) / h));
    at = { k, x: (svg.clientWidth - w * k) / 2, y: Math.max(16, (svg.clientHeight - h * k) / 2) };
    repaint();
  };
  const zoom = (factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) => {
    const k = Math.max(0.03, Math.min(4, at.k * factor));
    at = { k, x: x - (x - at.x) * k / at.k, y: y - (y - at.y) * k / at.k };
    repaint();
  };
  const pan = (dx, dy) => {
    at = { ...at, x: at.x + dx, y: at.y + dy };
    repaint();
  };
  const fits = (items) => { // readable at the scale of the first look
    const right = [...Tree.visible(tree, items, new Map(), measure).boxes.values()].map((box) => box.x + box.w);
    return Math.max(0, ...right) * LEAST <= svg.clientWidth;
  };
  const states = new Map(); // what was open, by view
  return {
    show(view) {
      if (!states.has(view)) {
        const built = Tree.build(view);
        tree = built;
        states.set(view, { tree: built, open: Tree.start(built, fits), cache: new Map() });
      }
      ({ tree, open, cache } = states.get(view));
      [selected, marked, differs] = [null, within([]), within(view.differs)];
      [letters, entry] = ["-".repeat(tree.nodes), tree.members.get(tree.root)[0] ?? null];
      arrange();
    },
    colour(found) {
      letters = found;
      recount();
      repaint(true);
    },
    mark(items) {
      marked = within(items);
    },
    select(item, { move = true } = {}) {
      selected = item;
      if (item !== null) {
        entry = item;
        reveal(item);
        if (move) centre(item);
      }
      repaint(true);
    },
    focus(item) {
      entry = item;
      centre(item);
      repaint(true);
      shown.get(item)?.focus({ preventScroll: true });
    },
    close() {
      const first = Tree.start(tree, fits);
      open.clear();
      for (const item of first) open.add(item);
      cache.clear();
      arrange();
      repaint(true);
    },
    toggle, fit, zoom, pan, isNode, repaint: () => repaint(false),
    tree: () => tree, tally, boxes: () => places.boxes, refocus: (item) => shown.get(item)?.focus({ preventScroll: true }),
  };
};
