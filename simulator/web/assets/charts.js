// Charts over time: panels on one time axis, with marks. Those of a service are five, with decisions, changes and
// deployments marked.
// Shapes are those of the JSON report: a series is columns of equal length, one value per bin of `width_s` seconds.

import { clock, count, latency, rate, short, usd } from "console/format";
import { colours, make, onTheme, setText } from "console/page";

const PANELS = [
  { title: "Requests", unit: rate, lines: [
    { key: "offered", label: "offered", colour: "soft", dash: [4, 3], perSecond: true },
    { key: "served", label: "served", colour: "blue", fill: true, perSecond: true },
    { key: "rejected", label: "rejected (429)", colour: "orange", perSecond: true },
    { key: "failed", label: "failed", colour: "red", dash: [2, 2], perSecond: true }] },
  { title: "In flight", unit: count, lines: [
    { key: "in_flight", label: "in flight", colour: "green", fill: true },
    { key: "waiting", label: "queued", colour: "orange", dash: [4, 3] }] },
  { title: "Instances", unit: count, stepped: true, lines: [
    { key: "provisioned", label: "provisioned", colour: "sky", fill: true },
    { key: "active", label: "active", colour: "blue" },
    { key: "desired", label: "desired", colour: "purple", dash: [5, 3] }] },
  { title: "Latency", unit: latency, log: true, lines: [
    { key: "p50_s", label: "p50", colour: "green" },
    { key: "p95_s", label: "p95", colour: "purple", dash: [5, 3] },
    { key: "p99_s", label: "p99", colour: "red" }] },
  { title: "Cost per hour", unit: usd, lines: [
    { key: "usd_per_hour", label: "at the current rate", colour: "purple", fill: true }] },
];
// The panels of a service whose requests were played again with changed settings: `changes` as the verdict names them.
export const panelsWith = (changes) => (changes.length ? PANELS.map((panel, number) => (number ? panel : { ...panel,
  lines: [...panel.lines, { key: "what_if", label: `lost with ${new Set(changes).size > 1 ? "the proposed change" : changes[0]}`, colour: "purple", dash: [6, 2], perSecond: true }] })) : PANELS);
// The panel of a downstream resource: its series is `downstream[].series` of the report.
export const downstreamPanel = (resource) => ({ title: `${resource.name}, ${count(resource.connections)} connections`, unit: count, lines: [
  { key: "connections", label: "open", colour: "blue", fill: true },
  { key: "busy", label: "busy", colour: "green" },
  { key: "waiting", label: "waiting calls", colour: "orange", dash: [4, 3] },
  { key: "errors", label: "errors/s", colour: "red", dash: [2, 2], perSecond: true }] });
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const NEAR_PX = 7;
const MARKS_WITH_LINES_MAX = 60;

export class TimeCharts {
  // `root` is emptied and filled. `onSeek(t)` is called after a click, with the time at the click.
  constructor(root, { onSeek = null, compact = false, panels = PANELS } = {}) {
    this.root = root;
    this.onSeek = onSeek;
    this.height = compact ? 92 : 118;
    this.plots = [];
    this.marks = [];
    this.now = null;
    this.series = null;
    this.zoom = null;
    this.mark = -1;
    root.replaceChildren();
    this.panels = panels.map((panel) => this.#panel(panel));
    this.tip = make("div", { class: "tip", hidden: true });
    this.told = make("p", { class: "unseen", "aria-live": "polite" });
    root.append(this.tip, this.told);
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Charts over time. Left and right arrow keys select the marked decisions and changes; plus, minus and 0 zoom.");
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("mouseleave", () => { this.tip.hidden = true; });
    root.addEventListener("blur", () => { this.tip.hidden = true; });
    new ResizeObserver(() => this.#resize()).observe(root);
    onTheme(() => this.#rebuild());
  }

  // `until_s`: where the axis ends; `now_s`: a line at that moment, or null.
  show(series, marks, until_s, now_s = null) {
    this.series = series;
    this.marks = marks;
    this.until_s = until_s;
    this.now = now_s;
    if (!this.plots.length) this.#build();
    else this.#refill();
  }

  // Moves only the line at the current time.
  at(now_s) {
    this.now = now_s;
    for (const plot of this.plots) plot.redraw(false, false);
  }

  #panel(panel) {
    const values = panel.lines.map((line) => {
      const value = make("span", { class: "value" });
      const key = make("span", { class: "key", "aria-hidden": "true" });
      key.style.setProperty("--key", `var(--${line.colour})`);
      if (line.dash) key.classList.add("dashed");
      return { element: make("span", { class: "entry" }, key, line.label, " ", value), value };
    });
    const head = make("div", { class: "head" }, make("h3", {}, panel.title), ...values.map((value) => value.element));
    const body = make("div", { class: "plot", "aria-hidden": "true" });
    this.root.append(make("div", { class: "panel-chart" }, head, body));
    return { ...panel, values, body };
  }

  #data(panel) {
    const { width_s } = this.series;
    const length = this.series[this.panels[0].lines[0].key].length;
    // A bin is drawn at its middle, a step at its beginning.
    const shift = panel.stepped ? 0 : width_s / 2;
    const times = Array.from({ length }, (_, bin) => (this.series.from_s || 0) + bin * width_s + shift);
    const columns = panel.lines.map((line) => {
      const column = this.series[line.key] || [];
      if (line.perSecond) return column.map((value) => value / width_s);
      return panel.log ? column.map((value) => (value > 0 ? value : null)) : column;
    });
    return [times, ...columns];
  }

  #build() {
    const theme = colours();
    this.plots = this.panels.map((panel, number) => new uPlot(this.#options(panel, number, theme), this.#data(panel), panel.body));
  }

  #rebuild() {
    if (!this.plots.length) return;
    for (const plot of this.plots) plot.destroy();
    this.#build();
  }

  #refill() {
    this.plots.forEach((plot, number) => {
      plot.setData(this.#data(this.panels[number]), false);
      plot.setScale("x", this.#span());
    });
    this.#tellValues(this.plots[0].cursor.idx);
  }

  #span() {
    return this.zoom ? { min: this.zoom[0], max: this.zoom[1] } : { min: this.series.from_s || 0, max: Math.max(this.until_s, (this.series.from_s || 0) + 1e-3) };
  }

  #options(panel, number, theme) {
    const isLast = number === this.panels.length - 1;
    const axis = { stroke: theme.soft, grid: { stroke: theme.line, width: 1 }, ticks: { stroke: theme.line, width: 1, size: 4 }, font: "11px system-ui, sans-serif" };
    return {
      width: Math.max(120, this.root.clientWidth),
      height: this.height + (isLast ? 22 : 0),
      legend: { show: false },
      padding: [6, 26, isLast ? 0 : 4, 0], // half of the last axis label extends beyond the end of the axis
      scales: { x: { time: false, range: () => { const { min, max } = this.#span(); return [min, max]; } }, y: this.#yScale(panel) },
      axes: [
        { ...axis, show: true, size: isLast ? 26 : 0, incrs: STEPS_S, space: 60,
          values: (_, splits) => (isLast ? splits.map((split) => clock(split, splits.length > 1 && splits[1] - splits[0] < 1)) : splits.map(() => "")) },
        { ...axis, size: 62, space: 26, values: (_, splits) => splits.map((split) => (split === null ? "" : short(panel.unit)(split))) },
      ],
      series: [{}, ...panel.lines.map((line) => ({
        label: line.label,
        stroke: theme[line.colour],
        width: 1.5,
        dash: line.dash,
        fill: line.fill ? `${theme[line.colour]}26` : undefined,
        paths: panel.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: panel.log ? { show: true, size: 4, filter: alone } : { show: false },
        spanGaps: false,
      }))],
      cursor: { sync: { key: "time" }, points: { size: 6 }, drag: { x: true, y: false, setScale: false }, y: false },
      hooks: {
        draw: [(plot) => this.#drawMarks(plot, theme)],
        setCursor: [(plot) => { if (plot === this.plots[0]) this.#tellValues(plot.cursor.idx); this.#pointAt(plot); }],
        setSelect: [(plot) => this.#select(plot)],
        ready: [(plot) => {
          plot.over.addEventListener("dblclick", () => this.#zoomTo(null));
          plot.over.addEventListener("click", () => {
            if (this.onSeek && plot.select.width < 3 && plot.cursor.left >= 0) this.onSeek(plot.posToVal(plot.cursor.left, "x"));
          });
        }],
      },
    };
  }

  #yScale(panel) {
    if (panel.log) {
      return { distr: 3, range: (_, min, max) => (min === null || max === null || min <= 0 ? [0.001, 1] : [10 ** Math.floor(Math.log10(min)), 10 ** Math.ceil(Math.log10(max) + 1e-9)]) };
    }
    return { range: (_, min, max) => [0, max > 0 ? max * 1.08 : 1] };
  }

  #drawMarks(plot, theme) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const lined = this.marks.length <= MARKS_WITH_LINES_MAX;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    this.marks.forEach((mark, number) => {
      const x = Math.round(plot.valToPos(mark.at_s, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      const chosen = number === this.mark;
      ctx.strokeStyle = ctx.fillStyle = theme[mark.kind === "decision" ? "purple" : "orange"];
      if (lined || chosen) {
        ctx.globalAlpha = chosen ? 0.9 : this.marks.length > 20 ? 0.14 : 0.3;
        ctx.lineWidth = (chosen ? 2 : 1) * ratio;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
      glyph(ctx, mark, x, bbox.top + 5 * ratio, (this.marks.length > 20 ? 3 : 4) * ratio);
    });
    if (this.now !== null) {
      const x = Math.round(plot.valToPos(this.now, "x", true));
      ctx.strokeStyle = theme.ink;
      ctx.lineWidth = 1.5 * ratio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #tellValues(index) {
    if (!this.series) return;
    const { width_s } = this.series;
    const length = this.series[this.panels[0].lines[0].key].length;
    // The bin at the cursor; without a cursor the mean of the last second, because one bin of 100 ms is too small a sample.
    const atCursor = index !== null && index !== undefined;
    const last = atCursor ? Math.min(index, length - 1) : length - 1;
    const first = atCursor ? last : Math.max(0, length - Math.max(1, Math.round(1 / width_s)));
    for (const panel of this.panels) {
      panel.lines.forEach((line, number) => {
        const known = (this.series[line.key] || []).slice(first, last + 1).filter((value) => value !== null);
        const mean = known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
        setText(panel.values[number].value, panel.unit(line.perSecond && mean !== undefined ? mean / width_s : mean));
      });
    }
  }

  #pointAt(plot) {
    const { left } = plot.cursor;
    if (left === null || left < 0 || !plot.over.matches(":hover")) return;
    let best = -1;
    let nearest = NEAR_PX;
    this.marks.forEach((mark, number) => {
      const away = Math.abs(plot.valToPos(mark.at_s, "x") - left);
      if (away < nearest) [best, nearest] = [number, away];
    });
    if (best < 0) { this.tip.hidden = true; return; }
    this.#tipAt(best, plot.over.getBoundingClientRect().left + left, plot.over.getBoundingClientRect().top);
  }

  #tipAt(number, x, y) {
    const mark = this.marks[number];
    const bounds = this.root.getBoundingClientRect();
    this.tip.replaceChildren(make("strong", {}, `${clock(mark.at_s)}  ${mark.title}`), ...mark.lines.map((line) => make("span", {}, line)));
    this.tip.hidden = false;
    const width = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(4, Math.min(x - bounds.left + 10, bounds.width - width - 4))}px`;
    this.tip.style.top = `${y - bounds.top + 18}px`;
  }

  #key(event) {
    if (event.key === "Escape") { this.tip.hidden = true; return; }
    if ("+=-0".includes(event.key)) { this.#zoomBy({ "+": 0.5, "=": 0.5, "-": 2, 0: null }[event.key]); event.preventDefault(); return; }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.marks.length || !this.plots.length) return;
    event.preventDefault();
    this.mark = Math.max(0, Math.min(this.marks.length - 1, this.mark < 0 ? (step > 0 ? 0 : this.marks.length - 1) : this.mark + step));
    const mark = this.marks[this.mark];
    const over = this.plots[0].over.getBoundingClientRect();
    this.#tipAt(this.mark, over.left + this.plots[0].valToPos(mark.at_s, "x"), over.top);
    this.told.textContent = `${clock(mark.at_s)}: ${mark.title}. ${mark.lines.join(". ")}`;
    for (const plot of this.plots) plot.redraw(false, false);
  }

  #select(plot) {
    if (plot.select.width < 8) return;
    const from = plot.posToVal(plot.select.left, "x");
    const to = plot.posToVal(plot.select.left + plot.select.width, "x");
    for (const each of this.plots) each.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoomTo([Math.max(0, from), to]);
  }

  #zoomBy(factor) {
    if (factor === null) { this.#zoomTo(null); return; }
    const { min, max } = this.#span();
    const middle = this.mark >= 0 ? this.marks[this.mark].at_s : (min + max) / 2;
    const half = ((max - min) * factor) / 2;
    this.#zoomTo(half * 2 >= this.until_s ? null : [Math.max(0, middle - half), Math.min(this.until_s, middle + half)]);
  }

  #zoomTo(span) {
    this.zoom = span;
    for (const plot of this.plots) plot.setScale("x", this.#span());
  }

  #resize() {
    const width = Math.max(120, this.root.clientWidth);
    this.plots.forEach((plot) => { if (plot.width !== width) plot.setSize({ width, height: plot.height }); });
  }
}

// Values without neighbours, which a line does not show: isolated requests.
function alone(plot, series) {
  const column = plot.data[series];
  const is = (place) => column[place] !== null && column[place] !== undefined;
  return column.flatMap((_, place) => (is(place) && !is(place - 1) && !is(place + 1) ? [place] : []));
}

// Up, down and unchanged differ by shape, not only by colour.
function glyph(ctx, mark, x, y, size) {
  ctx.beginPath();
  if (mark.kind === "decision" && mark.up) { ctx.moveTo(x, y - size); ctx.lineTo(x + size, y + size); ctx.lineTo(x - size, y + size); }
  else if (mark.kind === "decision") { ctx.moveTo(x, y + size); ctx.lineTo(x + size, y - size); ctx.lineTo(x - size, y - size); }
  else { ctx.moveTo(x, y - size); ctx.lineTo(x + size, y); ctx.lineTo(x, y + size); ctx.lineTo(x - size, y); }
  ctx.closePath();
  ctx.fill();
}

// All marks of a service in order of time: decisions with their reasons, changes, acts, deployments, and the causes of
// the verdict where the requests that they explain begin.
export function marksOf(service, acts, causes = []) {
  const decisions = service.decisions.map((decision) => ({
    at_s: decision.at_s,
    kind: "decision",
    up: decision.desired > decision.before,
    title: `${decision.before} → ${decision.desired} instances`,
    lines: [decision.formula, decision.reason, ...(decision.clamps.length ? [`bounded by ${decision.clamps.join(", ")}`] : []),
      ...(decision.ready_after_s ? [`ready after ${latency(decision.ready_after_s)}`] : [])].filter(Boolean),
  }));
  const changes = service.configurations.map((change) => ({
    at_s: change.at_s, kind: "change", title: "auto scaling configuration",
    lines: [`MaxConcurrency ${change.max_concurrency}, MinSize ${change.min_size}, MaxSize ${change.max_size}`],
  }));
  const done = acts.map((act) => ({ at_s: act.at_s, kind: "act", title: act.action.replaceAll("_", " "), lines: [act.detail] }));
  const losses = causes.map((cause) => ({
    at_s: cause.begin_s, kind: "cause", title: `${count(cause.requests)} ${cause.outcome}: ${cause.kind}`,
    lines: [`until ${clock(cause.end_s)}, because ${cause.text}`],
  }));
  return [...decisions, ...changes, ...done, ...losses].sort((one, other) => one.at_s - other.at_s);
}
