// Points of two figures with their intervals, such as cost and latency, and the line of those that no other beats.

import { measured, short } from "console/format";
import { colours, make, onTheme } from "console/page";

const COLOURS = ["blue", "orange", "green", "purple", "red", "sky"];
const SHAPES = ["circle", "square", "diamond", "triangle"];
const NEAR_PX = 28;
const SIZE_PX = 6;
const LOG_FROM = 20; // an axis is logarithmic if its largest value is this many times its smallest
const LABELS_MAX = 9; // with more points only the best one and those on the line have names

// Series differ by colour and shape. A reference, such as an oracle, is a star in the colour of the text.
export function look(place, isReference = false) {
  if (place === null) return { colour: "blue", shape: "circle" };
  if (isReference) return { colour: "ink", shape: "star" };
  return { colour: COLOURS[place % COLOURS.length], shape: SHAPES[Math.floor(place / COLOURS.length) % SHAPES.length] };
}

const OUTLINES = {
  circle: "M12 6a6 6 0 1 1-12 0a6 6 0 1 1 12 0z", square: "M1 1h10v10h-10z", diamond: "M6 0l6 6l-6 6l-6-6z", triangle: "M6 0l6 11h-12z",
  star: "M6 0l1.8 4.2l4.2.3l-3.3 2.9l1.1 4.4l-3.8-2.4l-3.8 2.4l1.1-4.4l-3.3-2.9l4.2-.3z",
};

// The mark of a series beside its name.
export function markOf({ colour, shape }) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 12 12", width: 12, height: 12, class: "mark", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const path = svg.appendChild(document.createElementNS(space, "path"));
  path.setAttribute("d", OUTLINES[shape]);
  path.style.fill = `var(--${colour})`;
  return svg;
}

export class Scatter {
  // `block`: as in simulator/lab/page/blocks.py. `lookOf(series)`: its colour and shape; `shown(series)`: not hidden.
  constructor(root, block, lookOf, shown) {
    Object.assign(this, { root, block, lookOf, shown, plot: null, chosen: -1 });
    this.body = make("div", { class: "plot", "aria-hidden": "true" });
    this.tip = make("div", { class: "tip", hidden: true });
    this.told = make("p", { class: "unseen", "aria-live": "polite" });
    root.append(this.body, this.tip, this.told);
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", `${block.title}. Left and right arrow keys select a point; the tables have all values.`);
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("mousemove", (event) => this.#hover(event));
    root.addEventListener("click", (event) => this.#hover(event));
    for (const leaving of ["mouseleave", "blur"]) root.addEventListener(leaving, () => this.#choose(-1));
    new ResizeObserver(() => this.redraw()).observe(root);
    onTheme(() => this.redraw());
  }

  redraw() {
    const width = this.root.clientWidth;
    if (!width) return;
    this.points = this.block.points.filter((point) => this.shown(point.series)).sort((one, other) => one.x[0] - other.x[0]);
    this.chosen = -1;
    this.tip.hidden = true;
    this.plot?.destroy();
    this.theme = colours();
    this.plot = new uPlot(this.#options(width), [this.points.map((point) => point.x[0]), this.points.map((point) => point.y[0])], this.body);
  }

  #options(width) {
    const { x, y } = this.block;
    const axis = { stroke: this.theme.soft, grid: { stroke: this.theme.line, width: 1 }, ticks: { stroke: this.theme.line, width: 1, size: 4 }, font: "11px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 20 };
    const ticks = (unit) => (_, splits) => splits.map((split) => (split === null ? "" : short((value) => measured(value, unit))(split)));
    return {
      width, height: width < 560 ? 300 : 380, legend: { show: false }, padding: [10, 16, 0, 0],
      scales: { x: scale(ends(this.points, "x")), y: scale(ends(this.points, "y")) },
      axes: [{ ...axis, space: 70, label: x.label, values: ticks(x.unit) }, { ...axis, size: 66, space: 34, label: y.label, values: ticks(y.unit) }],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      cursor: { show: false },
      hooks: { draw: [(plot) => this.#draw(plot)] },
    };
  }

  #draw(plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const at = (point) => [plot.valToPos(point.x[0], "x", true), plot.valToPos(point.y[0], "y", true)];
    ctx.save();
    ctx.lineWidth = 1.2 * ratio;
    const front = this.points.filter((point) => point.is_on_front);
    if (front.length > 1) {
      ctx.strokeStyle = this.theme.soft;
      ctx.setLineDash([5 * ratio, 3 * ratio]);
      ctx.beginPath();
      front.forEach((point, place) => ctx[place ? "lineTo" : "moveTo"](...at(point)));
      ctx.stroke();
      ctx.setLineDash([]);
    }
    this.points.forEach((point, place) => {
      const { colour, shape } = this.lookOf(point.series);
      const [left, top] = at(point);
      ctx.strokeStyle = ctx.fillStyle = this.theme[colour];
      ctx.lineWidth = 1.2 * ratio;
      for (const [name, horizontal] of [["x", true], ["y", false]]) {
        const [, low, high] = point[name];
        if (low === null || high === null) continue;
        const [from, to] = [low, high].map((value) => plot.valToPos(Math.max(value, plot.scales[name].min), name, true));
        ctx.beginPath();
        ctx.moveTo(...(horizontal ? [from, top] : [left, from]));
        ctx.lineTo(...(horizontal ? [to, top] : [left, to]));
        ctx.stroke();
      }
      const size = SIZE_PX * ratio * (place === this.chosen ? 1.5 : point.is_best ? 1.25 : 1);
      outline(ctx, shape, left, top, size);
      if (point.is_failing) { ctx.fillStyle = this.theme.panel; ctx.lineWidth = 1.8 * ratio; }
      ctx.fill();
      ctx.stroke();
    });
    this.#label(ctx, bbox, at, ratio);
    ctx.restore();
  }

  // Names beside the points where there are few: on the side with more room, within the chart, not upon another name.
  #label(ctx, bbox, at, ratio) {
    const choices = this.points.filter((point) => this.lookOf(point.series).shape !== "star");
    const named = choices.length <= LABELS_MAX ? choices : choices.filter((point) => point.is_best || point.is_on_front).slice(0, LABELS_MAX);
    const taken = this.points.map((point) => at(point)).map(([left, top]) => ({ from: left - 8 * ratio, top, width: 16 * ratio }));
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left"; // the axes leave another alignment
    ctx.fillStyle = this.theme.ink;
    for (const point of named) {
      const [left, top] = at(point);
      const width = ctx.measureText(point.name).width;
      const sides = [left + 11 * ratio, left - width - 11 * ratio];
      if (left > bbox.left + bbox.width / 2) sides.reverse();
      const places = [-14, 14, 0, -28, 28, -42, 42].flatMap((shift) => sides.map((from) => ({ from, top: top + shift * ratio, width })));
      const free = places.find((place) => place.from >= bbox.left && place.from + width <= bbox.left + bbox.width && place.top > bbox.top && place.top < bbox.top + bbox.height
        && taken.every((other) => Math.abs(other.top - place.top) > 12 * ratio || other.from > place.from + width || other.from + other.width < place.from));
      if (!free) continue;
      taken.push(free);
      ctx.fillText(point.name, free.from, free.top);
    }
  }

  #hover(event) {
    if (!this.plot) return;
    const bounds = this.plot.over.getBoundingClientRect();
    let [best, nearest] = [-1, NEAR_PX];
    this.points.forEach((point, place) => {
      const away = Math.hypot(this.plot.valToPos(point.x[0], "x") - (event.clientX - bounds.left), this.plot.valToPos(point.y[0], "y") - (event.clientY - bounds.top));
      if (away < nearest) [best, nearest] = [place, away];
    });
    this.#choose(best);
  }

  #key(event) {
    if (event.key === "Escape") { this.#choose(-1); return; }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.points.length) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(this.points.length - 1, this.chosen < 0 ? (step > 0 ? 0 : this.points.length - 1) : this.chosen + step)));
    const point = this.points[this.chosen];
    this.told.textContent = `${point.name}. ${point.details.map((pair) => pair.join(" ")).join(". ")}`;
  }

  #choose(place) {
    if (place === this.chosen || !this.plot) return;
    this.chosen = place;
    this.plot.redraw(false, false);
    this.tip.hidden = place < 0;
    if (place < 0) return;
    const point = this.points[place];
    this.tip.replaceChildren(make("strong", {}, point.name), ...point.details.map(([name, text]) => make("span", {}, name ? `${name}: ${text}` : text)));
    const [over, root] = [this.plot.over.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const left = over.left - root.left + this.plot.valToPos(point.x[0], "x");
    this.tip.style.left = `${Math.max(4, Math.min(left + 14, root.width - this.tip.offsetWidth - 4))}px`;
    this.tip.style.top = `${over.top - root.top + this.plot.valToPos(point.y[0], "y") + 14}px`;
  }
}

// The lowest and the highest end of the intervals; for values that differ widely the lowest value itself, because an
// interval that ends at zero has no place on a logarithmic axis.
function ends(points, name) {
  const all = points.flatMap((point) => point[name].filter((value) => value !== null));
  if (!all.length) return [0, 1];
  const means = points.map((point) => point[name][0]);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  return [least > 0 && most > LOG_FROM * least ? least : Math.min(...all), Math.max(...all)];
}

// From zero if that leaves room for the differences; logarithmic for a wide range.
function scale([low, high]) {
  if (low > 0 && high > LOG_FROM * low) return { time: false, distr: 3, range: [low / 1.3, high * 1.3] };
  if (low < 0.6 * high && low >= 0) return { time: false, range: [0, high * 1.12] };
  const room = Math.max((high - low) * 0.3, Math.abs(high) * 0.01) || 1;
  return { time: false, range: [low - room, high + room] };
}

function outline(ctx, shape, x, y, size) {
  ctx.beginPath();
  if (shape === "circle") ctx.arc(x, y, size, 0, 2 * Math.PI);
  else if (shape === "square") ctx.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
  else if (shape === "diamond") polygon(ctx, x, y, [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]], size);
  else if (shape === "triangle") polygon(ctx, x, y, [[0, -1.15], [1.1, 0.85], [-1.1, 0.85]], size);
  else polygon(ctx, x, y, Array.from({ length: 10 }, (_, place) => {
    const [radius, angle] = [place % 2 ? 0.55 : 1.35, (place * Math.PI) / 5 - Math.PI / 2];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }), size);
  ctx.closePath();
}

function polygon(ctx, x, y, corners, size) {
  corners.forEach(([right, down], place) => ctx[place ? "lineTo" : "moveTo"](x + right * size, y + down * size));
}
