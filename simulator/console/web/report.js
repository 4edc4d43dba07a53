// The report of one run: everything stands in the page, nothing is asked of anybody.

import { TimeCharts, marksOf } from "console/charts";
import { clock, count, duration, latency, rate, ratio, usd } from "console/format";
import { byId, make, setText, themeButton } from "console/page";
import { Picture } from "console/picture";
import { Story } from "console/story";
import { checksTable, costTable, decisionRow, instancesTable, logRow, sideBySide } from "console/tables";

const data = JSON.parse(byId("run").textContent);
const { report } = data;
// What the charts show beyond the report's own series.
report.services.forEach((service) => Object.assign(service.series, data.beside[service.name]));

const picture = new Picture(byId("picture"));
const charts = new TimeCharts(byId("charts"), { onSeek: (t) => seek(t) });
let service = report.services[0];
let story = null;
let now = 0;
let playing = false;
let last = 0;

function figures(list, root) {
  root.replaceChildren(...list.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", { title: value }, value))));
}

function head() {
  const { run, requests } = report;
  document.title = `${report.scenario.name}: simulator report`;
  setText(byId("title"), report.scenario.name);
  setText(byId("how"), `${duration(run.ended_s)} in ${run.clock} time, seed ${run.seed}${run.warm_up_s ? `, the first ${duration(run.warm_up_s)} warm-up` : ""}`);
  const failed = report.checks.filter((check) => !check.passed).length;
  byId("verdict").append(!report.checks.length ? make("span", { class: "soft" }, "no checks")
    : failed ? make("span", { class: "bad" }, `✗ ${failed} of ${report.checks.length} checks FAILED`)
      : make("span", { class: "good" }, `✓ all ${report.checks.length} checks hold`));
  const notes = [
    run.complete ? null : `Interrupted: planned were ${duration(run.duration_s)}; everything here covers the run so far.`,
    report.generator.kept_up ? null : `The load generator could not keep up (99 % of requests were sent within ${latency(report.generator.late_p99_s)} of their time): latencies contain its own lateness.`,
    data.left_out ? data.left_out : null,
  ].filter(Boolean);
  byId("notes").replaceChildren(...notes.map((note) => make("p", { class: "note" }, note)));
  figures([
    ["requests", count(requests.requests)], ["served", rate(requests.served_rps)], ["refused (429)", ratio(requests.refused_ratio)],
    ["failures", ratio(requests.failure_ratio)], ["latency p50", latency(requests.latency.p50_s)], ["latency p95", latency(requests.latency.p95_s)],
    ["latency p99", latency(requests.latency.p99_s)], ["cold starts", ratio(requests.cold_start_ratio)], ["this run", usd(report.run_usd)], ["a month like it", usd(report.month_usd)],
  ], byId("figures"));
  byId("checks-card").hidden = !report.checks.length;
  byId("checks").replaceChildren(checksTable(report.checks));
  byId("cost").replaceChildren(...report.services.map(costTable));
  const all = { name: "all", requests };
  byId("compared").replaceChildren(
    sideBySide("Services", [...report.services, ...(report.services.length > 1 ? [all] : [])]), instancesTable(report.services),
    ...(report.sources.length > 1 ? [sideBySide("Sources of traffic", report.sources)] : []));
  setText(byId("foot"), `simulator ${report.versions.simulator}, digest ${report.digest.slice(0, 16)}. Nothing on this page asks the network for anything. Charts: uPlot, MIT.`);
}

function chooseService(name) {
  service = report.services.find((each) => each.name === name);
  for (const button of byId("services").children) button.setAttribute("aria-pressed", String(button.textContent === name));
  story = new Story(service, report.run.ended_s);
  picture.clear();
  charts.show(service.series, marksOf(service, report.timeline), report.run.ended_s, now);
  byId("decisions").replaceChildren(...(service.decisions.length ? service.decisions.map((decision) => decisionRow(decision, seek)) : [make("li", {}, "The wish never changed.")]));
  const events = [...service.events.map((event) => [event.at_s, event.line, null]), ...report.timeline.map((act) => [act.at_s, act.detail, act.action.replaceAll("_", " ")])]
    .sort((one, other) => one[0] - other[0]);
  byId("events").replaceChildren(...(events.length ? events.map((event) => logRow(...event)) : [make("li", {}, "Nothing was logged.")]));
  draw(false);
}

function draw(moving) {
  const frame = story.frame(now);
  if (!moving) frame.dots = [];
  picture.show(frame);
  setText(byId("now"), clock(now));
  const slider = byId("time");
  slider.value = String(Math.round((now / report.run.ended_s) * 1000));
  slider.setAttribute("aria-valuetext", clock(now));
  figures([["offered", rate(frame.offered_rps)], ["refused", rate(frame.refused_rps)], ["in flight", count(frame.in_flight)], ["waiting", count(Number(frame.waiting.toPrecision(3)))],
    ["active", count(frame.active)], ["provisioned", count(frame.provisioned)], ["p50", latency(frame.p50_s)], ["p99", latency(frame.p99_s)], ["per hour", usd(frame.usd_per_hour)]], byId("moment"));
  charts.at(now);
}

function seek(t) {
  now = Math.max(0, Math.min(report.run.ended_s, t));
  picture.clear();
  draw(false);
}

function play(on) {
  playing = on;
  setText(byId("play"), on ? "Pause" : "Play");
  if (on && now >= report.run.ended_s) now = 0;
  last = performance.now();
  if (on) setTimeout(tick, 100);
}

function tick() {
  if (!playing) return;
  const elapsed = (performance.now() - last) / 1000;
  last = performance.now();
  const length = byId("speed").value;
  now = Math.min(report.run.ended_s, now + elapsed * (length === "real" ? 1 : report.run.ended_s / Number(length)));
  draw(true);
  if (now >= report.run.ended_s) play(false);
  else setTimeout(tick, 100);
}

themeButton(byId("theme"));
head();
byId("services").hidden = report.services.length < 2;
byId("services").replaceChildren(...report.services.map((each) => make("button", { type: "button", onclick: () => chooseService(each.name) }, each.name)));
byId("play").addEventListener("click", () => play(!playing));
byId("time").addEventListener("input", (event) => seek((Number(event.target.value) / 1000) * report.run.ended_s));
chooseService(service.name);
// A first picture that shows something: the moment of the most traffic.
const busiest = service.series.offered.indexOf(Math.max(...service.series.offered));
seek((busiest + 0.5) * service.series.width_s);
