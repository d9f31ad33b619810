(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const text = (number) => data.strings[number];
  const svg = byId("drawing");
  const state = { view: data.views[0], target: null, node: null, cluster: null, group: null, at: new Map() };
  const drawing = Drawing(svg, text);
  const page = () => ({ ...state, model: data.model, tree: drawing.tree(), tally: drawing.tally,
    changed: state.view === data.views[0] ? "changed or removed by the fix" : "changed or added by the fix" });
  const names = new Map(data.views.map((view) => [view, new Map(view.names.map((name, item) => [text(name), item]))]));
  const viewWith = (name) => [state.view, ...data.views].find((view) => names.get(view).has(name));

  const draw_ = () => {
    drawing.mark(state.group ? state.group.nodes.filter((item) => item >= 0) : []);
    drawing.colour(state.target.letters);
  };
  const tell = () => {
    panel.detail();
    panel.list();
  };
  const address = () => {
    const parts = [state.target.target, ...(state.node === null ? [] : [text(state.view.names[state.node])])];
    history.replaceState(null, "", `#${parts.map(encodeURIComponent).join("/")}`);
  };
  const chooseNode = (item, move) => {
    Object.assign(state, { node: item, cluster: null, group: null });
    drawing.mark([]);
    drawing.select(item, { move });
    tell();
    address();
  };
  const chooseItem = (item) => { // in the drawing
    if (item !== null && !drawing.isNode(item)) {
      Object.assign(state, { node: null, cluster: item });
      drawing.select(null);
      drawing.toggle(item);
      tell();
    } else chooseNode(item, false);
  };
  const chooseFinding = (group, at) => {
    const place = (at + group.nodes.length) % group.nodes.length;
    state.at.set(group, place);
    const item = group.nodes[place];
    Object.assign(state, { group, node: item >= 0 ? item : null, cluster: null });
    panel.reach(group);
    drawing.mark(group.nodes.filter((one) => one >= 0));
    drawing.select(state.node);
    panel.detail();
    address();
    state.node = null; // all findings stay listed, so that one after the other can be looked at
    panel.list();
    document.querySelector(".card.active")?.scrollIntoView({ block: "nearest" });
  };
  const chooseNamed = (name) => {
    const view = viewWith(name);
    if (view !== state.view) showView(view);
    chooseNode(names.get(view).get(name), true);
  };
  const panel = Panel({ text, page, on: { node: (item) => chooseNode(item, true), finding: chooseFinding, named: chooseNamed,
    all: () => chooseNode(null, false), known: (name) => Boolean(name && viewWith(name)) } });

  // One of several: buttons of which one is pressed.
  const buttons = (parent, items, pressed, act) => parent.replaceChildren(...items.map(([item, ...inside]) => {
    const made = make("button", { type: "button", "aria-pressed": item === pressed }, ...inside);
    made.addEventListener("click", () => act(item));
    return made;
  }));
  const SIGNS = { accepted: ["✓", "s"], rejected: ["✕", "r"], undecided: ["?", "d"] };
  const head = () => {
    const { target, view } = state;
    buttons(byId("targets"), view.targets.map((one) => {
      const [sign, letter] = SIGNS[one.verdict] ?? ["!", "u"];
      return [one, make("span", { class: `sign v-${letter}`, "aria-hidden": "true" }, sign), one.target, make("small", {}, one.verdict ?? "not read")];
    }), target, showTarget);
    if (data.views.length > 1) {
      buttons(byId("views"), data.views.map((one) => [one, one.title]), view, (one) => {
        showView(one);
        drawing.fit();
      });
    }
    const real = target.compiler ? `; the compiler itself ${target.compiler.accepted ? "accepts" : "rejects"} it` : "";
    byId("summary").textContent = `${target.verdict ?? "not judged"} by ${target.by}${real}`
      + `${target.silenced ? `; ${count(target.silenced, "finding")} silenced by settings or baseline` : ""}`;
    const own = drawing.tally(drawing.tree().root);
    byId("legend").replaceChildren(...GRAVEST.filter((letter) => own[letter]).map((letter) => make("li", {},
      make("span", { class: `sign v-${letter}`, "aria-hidden": "true" }, LETTERS[letter][1]), `${LETTERS[letter][0]} `, make("b", {}, own[letter].toLocaleString("en")))),
      ...(view.differs.length ? [make("li", {}, make("span", { class: "sign differs" }), `${page().changed} `, make("b", {}, view.differs.length.toLocaleString("en")))] : []));
  };
  const showTarget = (target) => {
    Object.assign(state, { target, group: null });
    panel.reset();
    draw_();
    head();
    tell();
    address();
  };
  const showView = (view) => {
    const { target } = state;
    Object.assign(state, { view, node: null, cluster: null, group: null });
    drawing.show(view);
    showTarget(view.targets.find((one) => one.target === target?.target) ?? view.targets[0]);
  };

  const MATCHES = 40;
  const search = () => {
    const words = byId("search").value.trim().toLowerCase();
    const found = [];
    for (let item = 0; words && item < state.view.names.length && found.length <= MATCHES; item += 1) {
      const name = text(state.view.names[item]);
      const op = text(state.view.ops[item]);
      if (name.toLowerCase().includes(words) || op.toLowerCase().includes(words)) found.push([item, op, name]);
    }
    byId("matches").replaceChildren(...found.slice(0, MATCHES).map(([item, op, name]) => {
      const made = make("button", { type: "button", "data-goto": item }, make("b", {}, op), ` ${name}`);
      made.addEventListener("click", () => {
        chooseNode(item, true);
        byId("matches").replaceChildren();
      });
      return make("li", {}, made);
    }), ...(found.length > MATCHES ? [make("li", { class: "soft" }, "more match; type more of the name")] : []),
    ...(words && !found.length ? [make("li", { class: "soft" }, "no node matches")] : []));
  };
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") byId("matches").querySelector("button")?.click();
  });
  byId("closer").addEventListener("click", () => drawing.zoom(1.4));
  byId("farther").addEventListener("click", () => drawing.zoom(1 / 1.4));
  byId("whole").addEventListener("click", () => drawing.fit());
  byId("folded").addEventListener("click", () => {
    drawing.close();
    drawing.fit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    byId("matches").replaceChildren();
    chooseNode(null, false);
  });
  gestures(svg, drawing, chooseItem);
  new ResizeObserver(() => drawing.repaint()).observe(svg);

  const addressed = () => {
    try {
      return location.hash.slice(1).split("/").map(decodeURIComponent);
    } catch { // not one that this page wrote
      return [];
    }
  };
  const [named, at] = addressed();
  state.target = state.view.targets.find((one) => one.target === named) ?? state.view.targets[0];
  svg.classList.toggle("empty", !state.view.names.length);
  showView(state.view);
  drawing.fit(LEAST);
  if (at && names.get(state.view).has(at)) chooseNode(names.get(state.view).get(at), true);
  if (data.fixed) byId("changes").replaceChildren(...panel.changes(data.fixed));
  document.documentElement.dataset.rendered = "true";
})();
