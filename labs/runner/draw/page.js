// Draws the page's timelines: hover says what a thread did, a drag across zooms.
// On a touch screen one finger pans and two zoom.

const LANE = 26;
const BAR = 18;
const WAIT = 5;
const AXIS = 26;
const GAP = 20;

const tooltip = document.getElementById("tooltip");
const charts = [...document.querySelectorAll("figure")].map(createChart);
matchMedia("(prefers-color-scheme: dark)")
  .addEventListener("change", () => charts.forEach((draw) => draw()));

function createChart(figure) {
  const { duration, states, lanes } = JSON.parse(
    figure.querySelector("script").textContent,
  );
  const view = { from: 0, to: duration };
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.role = "img";
  canvas.ariaLabel = `Timeline of ${lanes.map(({ name }) => name).join(", ")}` +
    ". Arrow keys pan, plus and minus zoom, 0 shows everything.";
  canvas.style.height = `${lanes.length * LANE + AXIS}px`;
  const range = document.createElement("output");
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.title =
    "Drag across the timeline to zoom; pinch, or hold Ctrl and turn the wheel";
  controls.append(
    range,
    button("−", "Zoom out", () => zoom(2)),
    button("+", "Zoom in", () => zoom(0.5)),
    button("All", "Show everything", () => show(0, duration)),
  );
  figure.querySelector(".chart").append(controls, canvas);

  const context = canvas.getContext("2d");
  let left = 0;
  let width = 0;
  let dragged; // where the drag began, and where it is
  let marked; // the lane and segment below the pointer

  const xOf = (time) =>
    left + (time - view.from) / (view.to - view.from) * width;
  const timeAt = (x) =>
    view.from +
    Math.min(1, Math.max(0, (x - left) / width)) * (view.to - view.from);

  function show(from, to) {
    const span = Math.min(duration, Math.max(to - from, 0.01));
    view.from = Math.min(Math.max(from, 0), duration - span);
    view.to = view.from + span;
    draw();
  }

  function zoom(factor, around = (view.from + view.to) / 2) {
    show(
      around - (around - view.from) * factor,
      around + (view.to - around) * factor,
    );
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colors = Object.fromEntries(
      ["ink", "faint", "grid", "link", ...Object.keys(states)]
        .map((name) => [name, style.getPropertyValue(`--${name}`)]),
    );
    const { clientWidth, clientHeight } = canvas;
    canvas.width = clientWidth * devicePixelRatio;
    canvas.height = clientHeight * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.textBaseline = "middle";

    context.font = "12px ui-monospace, Menlo, Consolas, monospace";
    const names = lanes.map(({ name }) => shorten(name, clientWidth * 0.3));
    left = Math.ceil(
      Math.max(...names.map((name) => context.measureText(name).width)) + GAP,
    );
    width = Math.max(1, clientWidth - left - GAP);
    context.fillStyle = colors.ink;
    names.forEach((name, i) => context.fillText(name, 0, (i + 0.5) * LANE));

    context.font = "12px system-ui, 'Segoe UI', sans-serif";
    context.textAlign = "center";
    const bottom = lanes.length * LANE;
    for (const [time, label] of ticks()) {
      const x = xOf(time);
      context.fillStyle = colors.grid;
      context.fillRect(x, 0, 1, bottom + 4);
      context.fillStyle = colors.faint;
      context.fillText(label, x, bottom + 15);
    }

    context.save();
    context.beginPath();
    context.rect(left - 1, 0, width + 2, bottom);
    context.clip();
    lanes.forEach(({ segments }, i) =>
      segments.forEach((segment, j) => drawSegment(segment, i, j, colors))
    );
    if (dragged) {
      context.globalAlpha = 0.2;
      context.fillStyle = colors.link;
      context.fillRect(dragged.from, 0, dragged.to - dragged.from, bottom);
    }
    context.restore();
    range.textContent = `${seconds(view.from)} – ${seconds(view.to)} s`;
  }

  function drawSegment([state, start, end], i, j, colors) {
    if (end < view.from || start > view.to) return;
    const x = xOf(start);
    const exact = xOf(end) - x;
    const { segments } = lanes[i];
    const isWide = (segment) =>
      !segment || xOf(segment[2]) - xOf(segment[1]) > 3;
    // Next to what is long, what is short stays visible; among its like, it
    // blends.
    const isApart = isWide(segments[j - 1]) || isWide(segments[j + 1]);
    const wide = isApart ? Math.max(exact, 1.5) : exact;
    const height = states[state].isBusy ? BAR : WAIT;
    const y = (i + 0.5) * LANE - height / 2;
    context.fillStyle = colors[state];
    context.fillRect(x, y, wide, height);
    if (marked && marked.lane === i && marked.segment === j) {
      context.strokeStyle = colors.ink;
      context.strokeRect(x, y - 1.5, wide, height + 3);
    }
  }

  function shorten(name, most) {
    let kept = name;
    while (kept.length > 1 && context.measureText(kept).width > most) {
      kept = `${kept.slice(0, -2)}…`;
    }
    return kept;
  }

  function seconds(time) {
    const digits = Math.ceil(-Math.log10((view.to - view.from) / 1000)) + 2;
    return (time / 1000).toFixed(Math.min(6, Math.max(2, digits)));
  }

  function ticks() {
    const least = (view.to - view.from) / 1000 / Math.max(2, width / 90);
    const magnitude = 10 ** Math.floor(Math.log10(least));
    const step = magnitude * [1, 2, 5, 10].find((n) => n * magnitude >= least);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const marks = [];
    for (
      let n = Math.ceil(view.from / 1000 / step - 1e-9);
      n * step <= view.to / 1000 + 1e-9;
      n++
    ) {
      marks.push([n * step * 1000, `${(n * step).toFixed(digits)} s`]);
    }
    return marks;
  }

  /** The segment at a place, or the next one within a few pixels. */
  function find(x, y) {
    const lane = Math.floor(y / LANE);
    const time = timeAt(x);
    const slack = 3 / width * (view.to - view.from);
    const far = ([, start, end]) => Math.max(start - time, time - end, 0);
    let found;
    let nearest = slack;
    lanes[lane]?.segments.forEach((segment, j) => {
      if (far(segment) >= nearest) return;
      nearest = far(segment);
      found = { lane, segment: j };
    });
    return found;
  }

  function hover(event) {
    const { offsetX, offsetY } = event;
    marked = dragged ? undefined : find(offsetX, offsetY);
    tooltip.hidden = marked === undefined;
    if (marked) {
      const { name, segments } = lanes[marked.lane];
      const [state, start, end, label] = segments[marked.segment];
      tooltip.textContent = `${name}\n${states[state].name}` +
        `${label ? ` – ${label}` : ""}\n${duringText(start, end)}`;
      const { offsetWidth, offsetHeight } = tooltip;
      const x = Math.min(event.clientX + 12, innerWidth - offsetWidth - 4);
      const y = Math.min(event.clientY + 16, innerHeight - offsetHeight - 4);
      tooltip.style.left = `${Math.max(4, x)}px`;
      tooltip.style.top = `${Math.max(4, y)}px`;
    }
    draw();
  }

  function duringText(start, end) {
    const from = (start / 1000).toFixed(6).replace(/0{1,3}$/, "");
    const milliseconds = Number((end - start).toPrecision(4));
    return `from ${from} s, for ${milliseconds} ms`;
  }

  const fingers = new Map(); // where each finger is

  function touch({ pointerId, offsetX }) {
    const before = [...fingers.values()];
    fingers.set(pointerId, offsetX);
    const after = [...fingers.values()];
    const middle = (xs) => xs.reduce((sum, x) => sum + x) / xs.length;
    const held = timeAt(middle(before));
    let span = view.to - view.from;
    if (after.length === 2) {
      const apart = ([a, b]) => Math.max(8, Math.abs(a - b));
      span *= apart(before) / apart(after);
    }
    // What is under the fingers stays there.
    const from = held - (middle(after) - left) / width * span;
    show(from, from + span);
  }

  canvas.addEventListener("pointerdown", (event) => {
    const { button, offsetX, pointerId, pointerType } = event;
    if (button !== 0) return;
    canvas.setPointerCapture(pointerId);
    if (pointerType === "touch") fingers.set(pointerId, offsetX);
    else dragged = { from: offsetX, to: offsetX };
    if (fingers.size > 0) hover(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId)) return touch(event);
    if (dragged) dragged.to = event.offsetX;
    hover(event);
  });
  canvas.addEventListener("pointerup", ({ pointerId }) => {
    fingers.delete(pointerId);
    if (!dragged) return;
    const [from, to] = [dragged.from, dragged.to].sort((a, b) => a - b);
    dragged = undefined;
    if (to - from > 4) show(timeAt(from), timeAt(to));
    else draw();
  });
  canvas.addEventListener("pointercancel", ({ pointerId }) => {
    fingers.delete(pointerId);
    dragged = undefined;
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    marked = undefined;
    tooltip.hidden = true;
    draw();
  });
  canvas.addEventListener("dblclick", () => show(0, duration));
  canvas.addEventListener("wheel", (event) => {
    const { deltaX, deltaY } = event;
    if (Math.abs(deltaX) > Math.abs(deltaY)) {
      event.preventDefault();
      const pan = deltaX / width * (view.to - view.from);
      return show(view.from + pan, view.to + pan);
    }
    // Alone, the upright wheel is the page's.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(1.002 ** event.deltaY, timeAt(event.offsetX));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = (view.to - view.from) / 10;
    const actions = {
      "+": () => zoom(0.5),
      "-": () => zoom(2),
      "0": () => show(0, duration),
      ArrowLeft: () => show(view.from - step, view.to - step),
      ArrowRight: () => show(view.from + step, view.to + step),
    };
    if (event.ctrlKey || event.metaKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  new ResizeObserver(draw).observe(canvas);
  draw();
  return draw;
}

function button(text, title, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = title;
  element.addEventListener("click", onClick);
  return element;
}
