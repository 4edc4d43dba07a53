// The console's page: draws the picture, figures, charts and lists from the feed.

import { TimeCharts, marksOf } from "console/charts";
import { Controls } from "console/controls";
import { Feed, actsOf, closedBins, figuresOf, markedActs, operationWords, serviceOf } from "console/feed";
import { clock, count, duration, short } from "console/format";
import { byId, figures, make, setText, tabs, themeButton } from "console/page";
import { Picture } from "console/picture";
import { decisionRow, logRow, operationRow } from "console/tables";

const ROWS_SHOWN = 300;
const STATES = { playing: "", paused: "paused", stepping: "stepping" };

const picture = new Picture(byId("picture"));
const charts = new TimeCharts(byId("charts"));
const controls = new Controls(() => ({ name: shown, frame: feed.state.frame }), () => picture.chosen);
let shown = null;

const feed = new Feed((kind, state) => {
  if (kind === "opening") setText(byId("state"), "the platform is starting");
  if (!state.about) return;
  if (kind === "hello" || kind === "about") begin(state);
  if (kind === "frame" && state.frame) drawFrame(state);
  if (kind === "series" || kind === "facts") drawCharts(state);
  if (kind === "facts") drawFacts(state);
  if (kind === "lines") drawLines(state);
  if (kind === "operations") drawOperations(state);
  if (kind === "verdict" || kind === "ended") drawVerdict(state);
  if (kind === "ended") end(state);
}, () => { if (!feed.state.ended) setText(byId("state"), "connection lost"); });

function begin(state) {
  const { about } = state;
  document.title = `${about.title}: simulator console`;
  setText(byId("title"), about.title);
  setText(byId("how"), `${about.clock} time${about.duration_s ? `, ${duration(about.duration_s)}` : ""}${about.seed === null ? "" : `, seed ${about.seed}`}`);
  if (!state.ended) byId("notes").replaceChildren(...notesOf(about));
  const names = about.services.map((service) => service.name);
  if (!names.includes(shown)) shown = names.length ? names[0] : null;
  byId("services").hidden = names.length < 2;
  // Replace the buttons only if the names changed, so that a button keeps the focus.
  if ([...byId("services").children].map((button) => button.textContent).join() !== names.join()) byId("services").replaceChildren(...names.map((name) => make("button", { type: "button", "aria-pressed": String(name === shown), onclick: () => choose(name) }, name)));
  drawFacts(state);
  drawLines(state);
  drawServices(state);
}

// Notes that affect the meaning of the figures: a policy that cannot act here, the settings that it applied.
function notesOf(about) {
  return ((about && about.notes) || []).map((note) => make("p", { class: "note" }, note));
}

function choose(name) {
  shown = name;
  for (const button of byId("services").children) button.setAttribute("aria-pressed", String(button.textContent === name));
  picture.clear();
  picture.choose(null);
  drawFrame(feed.state);
  drawCharts(feed.state);
  drawFacts(feed.state);
}

function drawFrame(state) {
  const { frame } = state;
  const service = frame.services[shown];
  setText(byId("time"), clock(frame.t, frame.speed !== null && frame.speed < 20));
  setText(byId("state"), state.ended ? "the run is over" : STATES[frame.state] || (frame.speed === null ? "live" : `${short(count)(frame.speed)} ×`));
  if (!service) { setText(byId("how"), "No services. Create one: aws apprunner create-service ..."); return; }
  picture.show({ t: frame.t, ...service });
  figures(figuresOf(service), byId("figures"));
  controls.show(state.about, frame, service);
}

function drawCharts(state) {
  const series = closedBins(state, shown);
  if (!series) return;
  const now = state.frame ? state.frame.t : 0;
  const causes = state.verdict?.services.find((part) => part.service === shown)?.causes;
  charts.show(series, marksOf(serviceOf(state, shown), markedActs(state, shown), causes), Math.max(series.from_s + series.offered.length * series.width_s, now));
}

// What happened to the requests so far, and at the end what would have prevented a loss.
function drawVerdict(state) {
  byId("answer-card").hidden = !state.verdict;
  if (!state.verdict) return;
  setText(byId("head-answer"), state.ended ? "Verdict" : "Verdict so far");
  setText(byId("answer"), state.verdict.text);
  drawCharts(state);
}

// Newest first, so that new rows are visible during the run.
function list(id, rows, nothing) {
  byId(id).replaceChildren(...(rows.length ? rows.slice(-ROWS_SHOWN).reverse() : [make("li", { class: "soft" }, nothing)]));
}

function drawFacts(state) {
  const service = serviceOf(state, shown);
  list("decisions", service.decisions.slice(-ROWS_SHOWN).map((decision) => decisionRow(decision)), "No scaling decisions yet.");
  list("events", service.events.slice(-ROWS_SHOWN).map((event) => logRow(event.at_s, event.line)), "No events yet.");
  const acts = [...actsOf(state).map((act) => logRow(act.at_s, act.detail, act.action.replaceAll("_", " ")))];
  list("acts", acts, "No actions yet.");
}

function drawOperations(state) {
  byId("api-operations").hidden = state.operations === null;
  if (state.operations === null) return;
  list("operation-list", state.operations.slice(-ROWS_SHOWN).map((one) => operationRow(one, operationWords(one))), "No operations yet.");
  setText(byId("operation-count"), state.operations.length > ROWS_SHOWN ? `The last ${ROWS_SHOWN} of ${count(state.operations.length)}.` : "");
}

function drawServices(state) {
  byId("service-list").replaceChildren(...state.about.services.map((each) => make("li", {},
    make("div", {}, make("strong", {}, each.name), make("span", { class: "chip" }, each.status.replaceAll("_", " ").toLowerCase()),
      each.url ? make("a", { href: each.url, rel: "noreferrer noopener", target: "_blank" }, each.url)
        : make("span", { class: "soft" }, state.about.clock === "virtual" ? "no URL in virtual time" : "private")),
    make("div", { class: "soft" }, `${each.cpu} vCPU / ${each.memory_gb} GB, policy ${each.policy}, prices ${each.prices}`),
    each.arn ? make("code", { class: "soft" }, each.arn) : null)));
}

function drawLines(state) {
  list("lines", state.lines.filter((line) => line.service === shown).slice(-ROWS_SHOWN)
    .map((line) => logRow(line.at_s, line.line, `#${line.instance}`)),
  "No log lines. Simulated instances never write any.");
}

function end(state) {
  setText(byId("state"), "the run is over");
  controls.close();
  const over = make("p", { class: "note" }, "The run is over. ", make("a", { href: state.ended.report }, "The report"), " has all figures and a replay.");
  byId("notes").replaceChildren(over, ...notesOf(state.about));
}

themeButton(byId("theme"));
tabs(byId("tabs"));
// For tests and benchmarks of the page itself.
globalThis.consolePage = { feed, picture, charts };
