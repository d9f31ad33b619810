// The tree of clusters of one view, and the places of what is visible of it. Each open cluster is laid out by itself, from
// the inside out, so that opening one lays out no more than it and the clusters around it.
const Tree = (() => {
  const PAD = { side: 14, head: 30, foot: 14 };
  const AUTOMATIC = 60; // as many boxes are shown at first

  // Items are numbers: the nodes first, then the clusters, of which the first is the root.
  const build = (view) => {
    const nodes = view.names.length;
    const items = nodes + view.labels.length;
    const parent = new Int32Array(items);
    const depth = new Int32Array(items);
    const first = new Int32Array(items).fill(nodes);
    const size = new Int32Array(items);
    const members = new Map();
    view.parents.forEach((up, at) => {
      parent[nodes + at] = up < 0 ? -1 : nodes + up;
      depth[nodes + at] = up < 0 ? 0 : depth[nodes + up] + 1;
      members.set(nodes + at, []);
    });
    view.clusters.forEach((cluster, at) => {
      parent[at] = nodes + cluster;
      depth[at] = depth[nodes + cluster] + 1;
      first[at] = at;
      size[at] = 1;
      members.get(nodes + cluster).push(at);
    });
    for (let at = nodes; at < items; at += 1) if (parent[at] >= 0) members.get(parent[at]).push(at);
    for (let at = items - 1; at >= nodes; at -= 1) { // inner clusters have the higher numbers
      for (const member of members.get(at)) {
        first[at] = Math.min(first[at], first[member]);
        size[at] += size[member];
      }
      members.get(at).sort((one, other) => first[one] - first[other]);
    }
    return { view, nodes, root: nodes, parent, depth, size, members, links: links(view, parent, depth, nodes) };
  };

  // The edges between members of each cluster, and the edges of each node.
  const links = (view, parent, depth, nodes) => {
    const within = new Map();
    const of = Array.from({ length: nodes }, () => []);
    for (let at = 0; at < view.edges.length; at += 3) {
      let [a, b] = [view.edges[at], view.edges[at + 1]];
      of[a].push(at);
      of[b].push(at);
      while (depth[a] > depth[b]) a = parent[a];
      while (depth[b] > depth[a]) b = parent[b];
      while (parent[a] !== parent[b]) [a, b] = [parent[a], parent[b]];
      if (a === b) continue;
      const inside = within.get(parent[a]) ?? new Map();
      within.set(parent[a], inside);
      inside.set(`${a},${b}`, [a, b, (inside.get(`${a},${b}`)?.[2] ?? 0) + 1]);
    }
    return { within, of };
  };

  // What is open at first: level by level, as long as it is not too much and `fits` says that it can be read.
  const start = (tree, fits) => {
    let open = new Set([tree.root]);
    let level = [tree.root];
    let shown = tree.members.get(tree.root).length;
    while (level.length) {
      level = level.flatMap((cluster) => tree.members.get(cluster)).filter((member) => member >= tree.nodes);
      shown += level.reduce((sum, cluster) => sum + tree.members.get(cluster).length, 0);
      const more = new Set([...open, ...level]);
      if (shown > AUTOMATIC || !fits(more)) return open;
      open = more;
    }
    return open;
  };

  // An edge leaves at the bottom of a box and ends at the top of another; one that leads back up keeps its points.
  const upright = (points, from, to) => {
    if (from.y + from.h > to.y) return points;
    const within = (x, box) => Math.max(box.x + 12, Math.min(box.x + box.w - 12, x));
    const bends = points.slice(1, -1);
    const [start, end] = [bends[0] ?? points[1], bends[bends.length - 1] ?? points[0]];
    return [[within(start[0], from), from.y + from.h], ...bends, [within(end[0], to), to.y]];
  };

  const arranged = (sizes, edges) => {
    if (typeof dagre === "undefined") return Layers.layout(sizes, edges);
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "TB", nodesep: 20, ranksep: 34, edgesep: 10, ranker: "tight-tree" });
    for (const [id, [width, height]] of sizes) graph.setNode(String(id), { width, height });
    for (const [from, to] of edges) graph.setEdge(String(from), String(to), {});
    try {
      dagre.layout(graph);
    } catch {
      return Layers.layout(sizes, edges);
    }
    const boxes = new Map(sizes.map(([id, [w, h]]) => {
      const { x, y } = graph.node(String(id));
      return [id, { x: x - w / 2, y: y - h / 2, w, h }];
    }));
    const lines = edges.map(([from, to]) => ({ from, to,
      points: upright(graph.edge(String(from), String(to)).points.map(({ x, y }) => [x, y]), boxes.get(from), boxes.get(to)) }));
    return { boxes, lines };
  };

  // The layout of an open cluster; `cache` keeps those of clusters in which nothing was opened or closed.
  const inner = (tree, cluster, open, cache, measure) => {
    if (cache.has(cluster)) return cache.get(cluster);
    const members = tree.members.get(cluster);
    const sizes = members.map((member) => {
      if (!open.has(member)) return [member, measure(member)];
      const { w, h } = inner(tree, member, open, cache, measure);
      return [member, [Math.max(w + 2 * PAD.side, measure(member)[0]), h + PAD.head + PAD.foot]];
    });
    const edges = [...(tree.links.within.get(cluster)?.values() ?? [])];
    const { boxes, lines } = arranged(sizes, edges);
    const all = [...boxes.values()];
    const found = { boxes, lines, w: Math.max(0, ...all.map((box) => box.x + box.w)), h: Math.max(0, ...all.map((box) => box.y + box.h)) };
    cache.set(cluster, found);
    return found;
  };

  // All visible boxes and lines with their places in the drawing, outer clusters before what they hold.
  const visible = (tree, open, cache, measure) => {
    const boxes = new Map();
    const lines = [];
    const walk = (cluster, x, y) => {
      const found = inner(tree, cluster, open, cache, measure);
      for (const line of found.lines) {
        lines.push({ key: `${line.from},${line.to}`, points: line.points.map(([px, py]) => [px + x, py + y]) });
      }
      for (const [member, box] of found.boxes) {
        boxes.set(member, { x: box.x + x, y: box.y + y, w: box.w, h: box.h });
        if (!open.has(member)) continue;
        walk(member, x + box.x + (box.w - inner(tree, member, open, cache, measure).w) / 2, y + box.y + PAD.head);
      }
    };
    walk(tree.root, 0, 0);
    return { boxes, lines };
  };

  const forget = (tree, item, cache) => {
    for (let at = item; at >= 0; at = tree.parent[at]) cache.delete(at);
  };
  return { build, start, visible, forget, HEAD: PAD.head };
})();
