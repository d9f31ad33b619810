"use strict";
// A plain layered layout, used where the page was written without the layout library: ranks by the longest path, the order
// in a rank by the mean position of the neighbours, and straight edges.
const Layers = (() => {
  const GAP = { across: 22, along: 36 };

  const ranked = (sizes, edges) => {
    const rank = new Map(sizes.map(([id]) => [id, 0]));
    const users = new Map(sizes.map(([id]) => [id, []]));
    const waits = new Map(sizes.map(([id]) => [id, 0]));
    for (const [from, to] of edges) {
      users.get(from).push(to);
      waits.set(to, waits.get(to) + 1);
    }
    const ready = sizes.map(([id]) => id).filter((id) => !waits.get(id));
    const left = new Set(rank.keys());
    while (left.size) {
      const id = ready.length ? ready.shift() : left.values().next().value; // a circle of clusters is entered at its first
      if (!left.delete(id)) continue;
      for (const user of users.get(id)) {
        if (!left.has(user)) continue;
        rank.set(user, Math.max(rank.get(user), rank.get(id) + 1));
        waits.set(user, waits.get(user) - 1);
        if (!waits.get(user)) ready.push(user);
      }
    }
    return rank;
  };

  // The places of boxes, given as [id, [width, height]], and the points of the edges between them, given as [from, to].
  const layout = (sizes, edges) => {
    const rank = ranked(sizes, edges);
    const rows = [];
    for (const [id, size] of sizes) (rows[rank.get(id)] ??= []).push({ id, size });
    const makers = new Map(sizes.map(([id]) => [id, []]));
    for (const [from, to] of edges) makers.get(to).push(from);
    const middle = new Map();
    const boxes = new Map();
    let y = 0;
    for (const row of rows.filter(Boolean)) {
      const wish = ({ id }) => {
        const known = makers.get(id).map((maker) => middle.get(maker)).filter((at) => at !== undefined);
        return known.length ? known.reduce((sum, at) => sum + at, 0) / known.length : 0;
      };
      const ordered = row.map((box) => [wish(box), box]).sort(([one], [other]) => one - other);
      const total = ordered.reduce((sum, [, box]) => sum + box.size[0] + GAP.across, -GAP.across);
      let x = -total / 2;
      const tallest = Math.max(...row.map((box) => box.size[1]));
      for (const [, { id, size: [w, h] }] of ordered) {
        boxes.set(id, { x, y: y + (tallest - h) / 2, w, h });
        middle.set(id, x + w / 2);
        x += w + GAP.across;
      }
      y += tallest + GAP.along;
    }
    const least = Math.min(...[...boxes.values()].map((box) => box.x));
    for (const box of boxes.values()) box.x -= least;
    const lines = edges.map(([from, to]) => {
      const [a, b] = [boxes.get(from), boxes.get(to)];
      return { from, to, points: [[a.x + a.w / 2, a.y + a.h], [b.x + b.w / 2, b.y]] };
    });
    return { boxes, lines };
  };
  return { layout };
})();
