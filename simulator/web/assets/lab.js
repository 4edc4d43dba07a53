// A page of the laboratory: a comparison, a sweep or a tuning. It contains all data and sends no request. Its sections are
// lists of blocks, whose fields are those of simulator/lab/page/blocks.py.

import { TimeCharts } from "console/charts";
import { count } from "console/format";
import { byId, make, setText, themeButton } from "console/page";
import { Scatter, look, markOf } from "console/scatter";
import { SortableTable } from "console/sortable";

const page = JSON.parse(byId("page").textContent);
const places = Object.fromEntries(page.series.map((series, place) => [series.name, place]));
const lookOf = (name) => look(places[name] ?? null, page.series[places[name]]?.is_reference);
const hidden = new Set();
const shown = (name) => !hidden.has(name);
const drawn = []; // what has to be drawn again when a series is hidden or shown

const BLOCKS = { answer, notes, scatter, curves, table, definitions };

function head() {
  document.title = page.title;
  setText(byId("title"), page.title);
  setText(byId("how"), page.subtitle);
  setText(byId("foot"), `${page.footer} Self-contained: works offline. Charts: uPlot, MIT.`);
  byId("series").hidden = page.series.length < 2;
  byId("series").replaceChildren(...page.series.map((series) => make("button",
    { type: "button", "aria-pressed": "true", onclick: (event) => toggle(series.name, event.currentTarget) }, markOf(lookOf(series.name)), series.label)));
}

function toggle(name, button) {
  if (hidden.has(name)) hidden.delete(name);
  else hidden.add(name);
  button.setAttribute("aria-pressed", String(shown(name)));
  for (const redraw of drawn) redraw();
}

function section(part, place) {
  const id = `section-${place}`;
  return make("section", { class: "card", "aria-labelledby": id }, make("h2", { id }, part.title), ...part.blocks.map((block) => BLOCKS[block.kind](block)));
}

// A number stays on the line of its unit.
const unbroken = (text) => text.replace(/(\d) (%|ms|s)(?!\w)/g, "$1\u00a0$2");

// The answer in words, then the ranking with bars.
function answer(block) {
  const known = block.ranking.map((rank) => rank.mean).filter((mean) => mean !== null);
  const most = Math.max(0, ...known);
  const rows = block.ranking.map((rank) => ({ series: rank.series, name: rank.alternative, marks: [], cells: [
    { text: rank.text, spread: "", value: rank.mean, is_best: rank.place === "best", bar: most > 0 && rank.mean !== null ? rank.mean / most : 0, is_hollow: rank.place === "fails" },
    { text: rank.failing.length ? unbroken(`fails: ${rank.failing.join("; ")}`) : { best: "best", tie: "ties with the best" }[rank.place] ?? "", spread: "", value: null, is_best: rank.place === "best", bar: 0 }] }));
  const root = make("div", {}, make("p", { class: "answer" }, unbroken(block.headline)),
    make("ul", { class: "sentences" }, ...block.sentences.map((sentence) => make("li", {}, unbroken(sentence)))));
  const ranking = { title: `By ${block.noun}`, heading: block.heading, has_bars: true, columns: [{ heading: block.noun, about: "" }, { heading: "result", about: "" }], rows };
  root.append(table(ranking));
  return root;
}

function notes(block) {
  return make("div", { class: "notes" }, block.title ? make("h3", {}, block.title) : null,
    ...block.texts.map((text) => make("p", { class: block.is_warning ? "note" : "soft" }, text)));
}

function scatter(block) {
  const root = make("div", { class: "charts" });
  const chart = new Scatter(root, block, lookOf, shown);
  drawn.push(() => chart.redraw());
  return figure(block, root);
}

// One chart for each series: instances needed and ready over time.
function curves(block) {
  const root = make("div", { class: "curves" });
  const charts = block.curves.map((curve) => {
    const place = make("div", { class: "charts" });
    root.append(place);
    return { curve, place, chart: new TimeCharts(place, { compact: true, panels: [{ title: curve.label, unit: count, stepped: true, lines: [
      { key: "needed", label: "needed", colour: "soft", fill: true },
      { key: "ready", label: "ready", colour: lookOf(curve.series).colour }] }] }) };
  });
  const draw = () => {
    for (const { curve, place, chart } of charts) {
      place.hidden = !shown(curve.series);
      if (!place.hidden) chart.show({ width_s: curve.width_s, needed: curve.needed, ready: curve.ready }, [], curve.width_s * curve.ready.length);
    }
  };
  drawn.push(draw);
  queueMicrotask(draw); // once it is in the page and has a width
  return figure(block, root);
}

function table(block) {
  const sortable = new SortableTable(block, lookOf, shown);
  drawn.push(() => sortable.redraw());
  return sortable.root;
}

function definitions(block) {
  return make("details", {}, make("summary", {}, block.title),
    make("dl", { class: "definitions" }, ...block.rows.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)])));
}

function figure(block, root) {
  return make("figure", {}, make("h3", {}, block.title), root, make("figcaption", { class: "soft" }, block.caption));
}

// Paper is white: a page with dark colours is printed in the light ones.
function printLight() {
  const root = document.documentElement;
  let chosen;
  addEventListener("beforeprint", () => { chosen = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { if (chosen) root.dataset.theme = chosen; else delete root.dataset.theme; });
}

themeButton(byId("theme"));
printLight();
head();
byId("sections").replaceChildren(...page.sections.map(section));
for (const redraw of drawn) redraw();
