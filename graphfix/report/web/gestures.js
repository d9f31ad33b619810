// Mouse, touch and keyboard on the drawing: drag, wheel and pinch, click, and arrow keys from box to box.
const gestures = (svg, drawing, choose) => {
  const points = new Map();
  let moved = 0;
  const place = (event) => {
    const { left, top } = svg.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const spread = () => {
    const [[ax, ay], [bx, by]] = [...points.values()];
    return { apart: Math.hypot(ax - bx, ay - by), x: (ax + bx) / 2, y: (ay + by) / 2 };
  };
  svg.addEventListener("pointerdown", (event) => {
    if (!points.size) moved = 0;
    points.set(event.pointerId, place(event));
  });
  svg.addEventListener("pointermove", (event) => {
    if (!points.has(event.pointerId)) return;
    const [x, y] = place(event);
    const [px, py] = points.get(event.pointerId);
    const before = points.size === 2 ? spread() : null;
    moved += Math.hypot(x - px, y - py);
    if (points.size === 1 && moved <= 4) return; // a click of an unsteady hand
    points.set(event.pointerId, [x, y]);
    if (!svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
    if (before) {
      const after = spread();
      drawing.pan(after.x - before.x, after.y - before.y);
      if (before.apart > 0) drawing.zoom(after.apart / before.apart, after.x, after.y);
    } else if (points.size === 1) drawing.pan(x - px, y - py);
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => points.delete(event.pointerId));
  svg.addEventListener("click", (event) => {
    if (moved > 4) return;
    const found = event.target.closest("[data-item]");
    choose(found ? Number(found.dataset.item) : null);
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    drawing.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), ...place(event));
  }, { passive: false });

  // The nearest box in the direction of an arrow key; what lies aside counts twice.
  const next = (item, [dx, dy]) => {
    const boxes = drawing.boxes();
    const from = boxes.get(item);
    const middle = (box) => [box.x + box.w / 2, box.y + Math.min(box.h, 42) / 2];
    const [x, y] = middle(from);
    let best = [Infinity, null];
    for (const [other, box] of boxes) {
      const [ox, oy] = middle(box);
      const [along, aside] = [(ox - x) * dx + (oy - y) * dy, Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx)];
      if (other !== item && along > 1 && along + 2 * aside < best[0]) best = [along + 2 * aside, other];
    }
    return best[1];
  };
  const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  svg.addEventListener("keydown", (event) => {
    const found = event.target.closest("[data-item]");
    const item = found ? Number(found.dataset.item) : null;
    if (item !== null && ARROWS[event.key]) {
      const other = next(item, ARROWS[event.key]);
      if (other !== null) drawing.focus(other);
    } else if (item !== null && (event.key === "Enter" || event.key === " ")) {
      choose(item);
      drawing.refocus(item);
    } else if (event.key === "+" || event.key === "-") drawing.zoom(event.key === "+" ? 1.25 : 0.8);
    else return;
    event.preventDefault();
  });
};
