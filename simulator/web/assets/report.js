// The report of one run: the page contains all data and sends no request.

import { TimeCharts, downstreamPanel, marksOf, panelsWith } from "console/charts";
import { count, duration, latency, rate, ratio, usd } from "console/format";
import { byId, figures, make, setText, themeButton } from "console/page";
import { Picture } from "console/picture";
import { Replay } from "console/replay";
import { assumptionsTable, backgroundTable, checksTable, costTable, decisionRow, downstreamTable, errorsTable, instancesTable, logRow, serviceTimesTable, sideBySide, webAclTable, whatIfsTable } from "console/tables";

const data = JSON.parse(byId("run").textContent);
const { report } = data;
// Series of the charts that the report does not have.
report.services.forEach((service) => Object.assign(service.series, data.beside[service.name]));

const picture = new Picture(byId("picture"));
const verdicts = Object.fromEntries((report.verdict?.services ?? []).map((part) => [part.service, part]));
const proposed = (name) => verdicts[name]?.what_ifs.find((each) => each.errors_by_bin.length);
report.services.forEach((service) => { service.series.what_if = proposed(service.name)?.errors_by_bin; });
const charts = new TimeCharts(byId("charts"), { onSeek: (t) => replay.seek(t), panels: panelsWith(report.services.map((each) => proposed(each.name)?.change).filter(Boolean)) });
const replay = new Replay(picture, charts);
const downstreamCharts = (report.downstream ?? []).map((resource) => [resource, new TimeCharts(
  byId("downstream-charts").appendChild(make("div", { class: "charts" })), { onSeek: (t) => replay.seek(t), panels: [downstreamPanel(resource)] })]);

function head() {
  const { run, requests } = report;
  document.title = `${report.scenario.name}: simulator report`;
  setText(byId("title"), report.scenario.name);
  setText(byId("how"), `${duration(run.ended_s)} in ${run.clock} time, seed ${run.seed}${run.warm_up_s ? `, the first ${duration(run.warm_up_s)} warm-up` : ""}`);
  const failed = report.checks.filter((check) => !check.passed).length;
  byId("verdict").append(!report.checks.length ? make("span", { class: "soft" }, "no checks")
    : !run.complete ? make("span", { class: "bad" }, "interrupted: not judged")
    : failed ? make("span", { class: "bad" }, `✗ ${failed} of ${report.checks.length} checks FAILED`)
      : make("span", { class: "good" }, `✓ all ${report.checks.length} checks pass`));
  const notes = [
    run.complete ? null : `Interrupted: the planned duration was ${duration(run.duration_s)}; everything here covers the run so far, and a month extrapolates that part.`,
    ...report.notes.map((note) => `${["late load", "cannot act"].includes(note.kind) ? "Warning: " : ""}${note.service && report.services.length > 1 ? `${note.service}: ` : ""}${note.text}.`),
    data.left_out ? data.left_out : null,
  ].filter(Boolean);
  byId("notes").replaceChildren(...notes.map((note) => make("p", { class: "note" }, note)));
  figures([
    ["requests", count(requests.requests)], ["served", rate(requests.served_rps)], ["rejected (429)", ratio(requests.rejected_ratio)],
    ...(requests.blocked ? [["blocked by web ACL", ratio(requests.blocked / requests.requests)]] : []),
    ["error rate", ratio(requests.error_rate)], ["latency p50", latency(requests.latency.p50_s)], ["latency p95", latency(requests.latency.p95_s)],
    ["latency p99", latency(requests.latency.p99_s)], ["cold starts", ratio(requests.cold_start_ratio)], ["this run", usd(report.run_usd)], ["per month at this traffic", usd(report.month_usd)],
  ], byId("figures"));
  byId("checks-card").hidden = !report.checks.length;
  byId("checks").replaceChildren(checksTable(report.checks, run.complete));
  byId("cost").replaceChildren(...report.services.map(costTable));
  const all = { name: "all", requests };
  byId("compared").replaceChildren(
    sideBySide("Requests of each service", [...report.services, ...(report.services.length > 1 ? [all] : [])]), instancesTable(report.services),
    ...(report.sources.length > 1 ? [sideBySide("Sources of traffic", report.sources)] : []),
    ...(report.downstream?.length ? [downstreamTable(report.downstream)] : []),
    ...(report.background?.length ? [backgroundTable(report.background)] : []),
    ...(report.web_acls ?? []).map(webAclTable),
    ...(report.service_times ? [serviceTimesTable(report.service_times)] : []),
    ...(report.assumptions ? [assumptionsTable(report.assumptions)] : []));
  setText(byId("foot"), `simulator ${report.versions.simulator}, digest ${report.digest.slice(0, 16)}. Self-contained: works offline. Terms: docs/reference/glossary.md. Charts: uPlot, MIT.`);
}

// The verdict stands first: what happened, why, and what would have changed it.
function answer() {
  const { verdict } = report;
  byId("answer-card").hidden = !verdict;
  if (!verdict) return;
  setText(byId("answer"), verdict.text);
  byId("not-played").hidden = !verdict.not_played;
  setText(byId("not-played"), `No change was played: ${verdict.not_played}.`);
  byId("losses").replaceChildren(...verdict.services.flatMap((part) => [
    ...(part.errors.length ? [errorsTable(part, report.services.find((each) => each.name === part.service).series.width_s, report.services.length > 1)] : []),
    ...(part.what_ifs.length ? [whatIfsTable(part, report.services.length > 1)] : [])]));
}

// Resources belong to no service: their charts stay the same.
function showDownstream() {
  byId("downstream-card").hidden = !downstreamCharts.length;
  for (const [resource, chart] of downstreamCharts) {
    const marks = resource.events.map((event) => ({ at_s: event.at_s, kind: "act", title: resource.name, lines: [event.line] }));
    chart.show(resource.series, marks, report.run.ended_s);
  }
}

function chooseService(name) {
  const service = report.services.find((each) => each.name === name);
  for (const button of byId("services").children) button.setAttribute("aria-pressed", String(button.textContent === name));
  replay.show(service, report.run.ended_s);
  charts.show(service.series, marksOf(service, report.timeline, verdicts[name]?.causes), report.run.ended_s, replay.now);
  byId("decisions").replaceChildren(...(service.decisions.length ? service.decisions.map((decision) => decisionRow(decision, (t) => replay.seek(t))) : [make("li", {}, "No scaling decisions.")]));
  const events = [...service.events.map((event) => [event.at_s, event.line, null]), ...report.timeline.map((act) => [act.at_s, act.detail, act.action.replaceAll("_", " ")]),
    ...(report.downstream ?? []).flatMap((resource) => resource.events.map((event) => [event.at_s, event.line, resource.name]))]
    .sort((one, other) => one[0] - other[0]);
  byId("events").replaceChildren(...(events.length ? events.map((event) => logRow(...event)) : [make("li", {}, "No events.")]));
  replay.seek(replay.now);
}

themeButton(byId("theme"));
head();
answer();
byId("services").hidden = report.services.length < 2;
byId("services").replaceChildren(...report.services.map((each) => make("button", { type: "button", onclick: () => chooseService(each.name) }, each.name)));
chooseService(report.services[0].name);
showDownstream();
replay.seekBusiest();
