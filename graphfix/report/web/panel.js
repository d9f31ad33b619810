// What stands beside the drawing: the findings by cause, and the node or cluster that is chosen.
const Panel = ({ text, page, on }) => {
  const SHOWN = 60; // causes listed before the button that lists more
  const byId = (id) => document.getElementById(id);
  const code = (words) => make("code", {}, words);
  const button = (words, act, attributes = {}) => {
    const made = make("button", { type: "button", ...attributes }, words);
    made.addEventListener("click", act);
    return made;
  };
  const badge = (letter) => (LETTERS[letter] ? make("span", { class: `badge v-${letter}` }, `${LETTERS[letter][1]} ${LETTERS[letter][0]}`) : "");
  const plainCopy = (words) => { // where the browser gives no access to the clipboard
    const area = make("textarea", { "aria-hidden": "true", class: "away" });
    area.value = words;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  const command = (words) => {
    const copy = button("Copy", async () => {
      let done = true;
      try {
        await navigator.clipboard.writeText(words);
      } catch {
        done = plainCopy(words);
      }
      copy.textContent = done ? "Copied" : "Select it";
      setTimeout(() => { copy.textContent = "Copy"; }, 1600);
    }, { class: "copy" });
    return make("div", { class: "command" }, make("pre", { tabindex: "0" }, ...words.split(" ").flatMap((word, index) => [index ? " " : "", make("span", {}, word)])), copy);
  };
  const marked = (words) => words.split("`").map((part, index) => (index % 2 ? code(part) : part)); // what is in backticks is code
  const nodeButton = (item, words) => button(words ?? text(page().view.names[item]), () => on.node(item), { class: "link", "data-goto": item });

  // A cause: its nodes are gone through one after the other; `only` shows it for one node.
  const card = (group, only = null) => {
    const at = only === null ? page().at.get(group) ?? -1 : group.nodes.indexOf(only);
    const message = group.messages && at >= 0 ? group.messages[at] : group.message;
    const placed = group.nodes.filter((item) => item >= 0);
    const title = button("", () => on.finding(group, only === null ? at + 1 : at), { class: "title", "aria-pressed": page().group === group });
    title.append(make("span", { class: `severity ${group.severity}` }, group.severity), ` ${group.code} ${group.name}`);
    const found = make("li", { class: `card ${group.severity}${page().group === group ? " active" : ""}`, "data-code": group.code },
      title, make("p", {}, ...marked(text(message))));
    const first = at >= 0 ? at : 0;
    const location = group.nodes[first] >= 0 ? text(page().view.locations[group.nodes[first]]) : text(group.places?.[first] ?? 0);
    if (only === null && placed.length) {
      const walk = make("p", { class: "walk" }, nodeButton(group.nodes[first], text(page().view.names[group.nodes[first]])));
      if (group.nodes.length > 1) {
        walk.prepend(button("‹", () => on.finding(group, at - 1), { "aria-label": "previous node", class: "step" }),
          button("›", () => on.finding(group, at + 1), { "aria-label": "next node", class: "step" }),
          ` ${(first + 1).toLocaleString("en")} of ${count(group.nodes.length, "node")}: `);
      }
      found.append(walk);
    } else if (only === null) found.append(make("p", { class: "soft" }, "about the model as a whole"));
    if (location) found.append(make("p", { class: "soft" }, "source ", code(location)));
    if (group.measured) found.append(make("p", { class: "soft" }, "measured with ", code(text(group.measured))));
    if (group.command) found.append(make("p", { class: "soft" }, group.rewrite ? `fix: ${group.rewrite[0]} (${group.rewrite[1]})` : "fix"), command(text(group.command)));
    return found;
  };

  const LEVELS = ["error", "warning", "note"];
  const wanted = new Set(["error", "warning"]);
  let most = SHOWN;
  const list = () => {
    const { target, node } = page();
    const own = node === null ? target.groups : target.groups.filter((group) => group.nodes.includes(node));
    const numbers = Object.fromEntries(LEVELS.map((level) => [level, own.filter((group) => group.severity === level)
      .reduce((sum, group) => sum + (node === null ? group.nodes.length : 1), 0)]));
    const all = node !== null; // of one node nothing is hidden
    const listed = own.filter((group) => all || wanted.has(group.severity));
    byId("findings-title").textContent = node === null ? `Findings for ${target.target}` : `Findings on this node for ${target.target}`;
    byId("levels").replaceChildren(...(all ? [button("Show all findings", () => on.all())] : LEVELS.filter((level) => numbers[level]).map((level) => {
      const box = make("input", { type: "checkbox", value: level });
      box.checked = wanted.has(level);
      box.addEventListener("change", () => {
        if (box.checked) wanted.add(level); else wanted.delete(level);
        list();
      });
      return make("label", { class: "chip" }, box, count(numbers[level], level));
    })));
    byId("findings").replaceChildren(...listed.slice(0, most).map((group) => card(group, node)));
    if (listed.length > most) {
      byId("findings").append(make("li", {}, button(`Show ${count(Math.min(SHOWN, listed.length - most), "more cause")}`, () => {
        most += SHOWN;
        list();
      })));
    }
    const hidden = own.length - listed.length;
    const none = node !== null ? "None." : hidden ? `No error or warning; ${count(numbers.note, "note")} not shown.` : "None.";
    byId("nothing").textContent = listed.length ? "" : none;
  };

  const ends = (item, side) => page().tree.links.of[item].filter((edge) => page().view.edges[edge + 1 - side] === item)
    .map((edge) => make("li", {}, code(text(page().view.edges[edge + 2])), side ? " to " : " from ", nodeButton(page().view.edges[edge + side])));
  const some = (title, items) => (items.length ? [make("h3", {}, title), make("ul", {}, ...items.slice(0, 12),
    ...(items.length > 12 ? [make("li", {}, `and ${items.length - 12} more`)] : []))] : []);
  const tellNode = (item) => {
    const { view, target } = page();
    const location = text(view.locations[item]);
    const rows = view.targets.map((one) => {
      const [reason, evidence] = one.reasons[item] ?? [0, 0];
      return make("tr", {}, make("th", { scope: "row" }, one.target), make("td", {}, badge(one.letters[item])),
        make("td", {}, make("span", { class: "short", title: text(reason) }, text(reason)), evidence ? make("small", {}, text(evidence)) : ""));
    });
    return [make("h2", { id: "detail-title" }, text(view.ops[item])), make("p", {}, code(text(view.names[item])), " ", badge(target.letters[item])),
      ...(view.differs.includes(item) ? [make("p", { class: "soft" }, page().changed)] : []),
      ...(location ? [make("p", {}, "source ", code(location))] : []),
      ...(text(view.results[item]) ? [make("p", {}, "gives ", code(text(view.results[item])))] : []),
      ...(target.letters[item] === "-" ? [] : [make("div", { class: "scroll" }, make("table", {}, make("tbody", {}, ...rows)))]),
      ...some("Reads", ends(item, 0)), ...some("Read by", ends(item, 1))];
  };
  const tellCluster = (item) => {
    const { view, tree, tally } = page();
    const own = tally(item);
    return [make("h2", { id: "detail-title" }, text(view.labels[item - tree.nodes]) || page().model),
      make("p", { class: "soft" }, count(tree.size[item], "node")),
      make("ul", { class: "plain" }, ...GRAVEST.filter((letter) => own[letter]).map((letter) => make("li", {}, badge(letter), ` ${count(own[letter], "node")}`)))];
  };
  const detail = () => {
    const { node, cluster, group, target } = page();
    const chosen = group ? [] : node !== null ? tellNode(node) : cluster !== null ? tellCluster(cluster) : [];
    byId("detail").replaceChildren(...chosen, ...(target.error ? [make("p", {}, target.error)] : []));
    if (chosen.length) byId("detail").scrollIntoView({ block: "nearest" });
  };

  // What a fix did: the rewrites that were applied and declined, and how the outputs compare.
  const changes = (fixed) => {
    const by = new Map();
    for (const change of fixed.changes) {
      const key = `${change.applied ? "applied" : "declined"} ${change.rewrite}${change.applied ? ` (${change.safety})` : `: ${change.declined}`}`;
      by.set(key, [...(by.get(key) ?? []), change]);
    }
    const items = [...by].map(([words, all]) => make("li", { class: all[0].applied ? "applied" : "declined" }, words, " ",
      ...all.slice(0, 8).map((change) => make("span", {}, on.known(change.node) ? button(change.node, () => on.named(change.node), { class: "link" }) : code(change.node ?? ""), " ")),
      all.length > 8 ? `and ${all.length - 8} more` : ""));
    const proof = fixed.verification ?? {};
    return [make("h2", {}, "Changes"), items.length ? make("ul", { class: "plain" }, ...items) : make("p", {}, "No rewrite was kept."),
      ...(proof.inputs ? [make("p", { class: "soft" }, `Verified by ${proof.method} on ${count(proof.inputs, "input")}: largest error `
        + `${proof.max_abs_error} absolute, ${proof.max_rel_error} relative.`)] : []),
      ...(fixed.output ? [make("p", { class: "soft" }, "Written to ", code(fixed.output))] : [])];
  };
  return { list, detail, changes, reset: () => { most = SHOWN; },
    reach(group) { // a cause that is chosen is listed, whatever is hidden
      wanted.add(group.severity);
      most = Math.max(most, page().target.groups.indexOf(group) + 1);
    } };
};
