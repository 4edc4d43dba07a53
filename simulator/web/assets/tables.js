// Lists and tables of the pages: decisions with their reasons, checks, the bill, logs. All content is text.

import { clock, count, digits, duration, latency, measured, rate, ratio, usd } from "console/format";
import { make } from "console/page";

const ROWS_MAX = 2000;

export function table(caption, columns, rows, { numbersFrom = 1 } = {}) {
  const side = (place) => (place >= numbersFrom ? "number" : null);
  return make("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {},
      make("caption", {}, make("span", {}, caption)),
      make("thead", {}, make("tr", {}, ...columns.map((column, place) => make("th", { scope: "col", class: side(place) }, column)))),
      make("tbody", {}, ...rows.slice(0, ROWS_MAX).map((row) => make("tr", {}, ...row.map((cell, place) =>
        make(place === 0 ? "th" : "td", { scope: place === 0 ? "row" : null, class: side(place) }, cell)))))),
    rows.length > ROWS_MAX ? make("p", { class: "soft" }, `${count(rows.length - ROWS_MAX)} more in the JSON report`) : null);
}

export function decisionRow(decision, onSeek = null) {
  const at = clock(decision.at_s);
  const when = onSeek ? make("button", { class: "link", type: "button", onclick: () => onSeek(decision.at_s) }, at) : at;
  return make("li", {},
    make("span", { class: "when" }, when),
    make("span", { class: `desired ${decision.desired > decision.before ? "up" : "down"}` },
      make("span", { "aria-hidden": "true" }, decision.desired > decision.before ? "▲ " : "▼ "), `${decision.before} → ${decision.desired}`),
    make("span", { class: "why" }, make("code", {}, decision.formula),
      ...decision.clamps.map((clamp) => make("span", { class: "chip" }, clamp)),
      make("span", { class: "soft" }, ` ${decision.reason}${decision.ready_after_s ? `; ready after ${latency(decision.ready_after_s)}` : ""}`)));
}

export function logRow(at_s, line, label = null) {
  return make("li", {}, make("span", { class: "when" }, clock(at_s)), label ? make("span", { class: "chip" }, label) : null, make("span", { class: "why" }, line));
}

const ENDINGS = { SUCCEEDED: ["✓", "good"], IN_PROGRESS: ["…", "soft"] };

// An operation of the control plane; an operation from before the start of this simulator has its date.
export function operationRow(operation, words) {
  const [sign, look] = ENDINGS[operation.status] || ["✗", "bad"];
  const when = operation.at_s >= 0 ? clock(operation.at_s) : new Date(operation.started * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  return make("li", {}, make("span", { class: "when" }, when),
    make("span", { class: "why" }, make("span", { class: look }, make("span", { "aria-hidden": "true" }, `${sign} `), operation.type), ` ${operation.service}: ${words} `, make("code", { class: "soft" }, operation.id)));
}

export function checksTable(checks, judged = true) {
  const explained = checks.some((check) => check.value === null);
  return table("Checks", ["check", "verdict", "measured", "limit", ...(explained ? ["why"] : [])], checks.map((check) => [
    make("code", {}, check.text),
    judged ? make("span", { class: check.passed ? "good" : "bad" }, check.passed ? "✓ pass" : "✗ FAILED") : "not judged",
    measured(check.value, check.unit), measured(check.limit, check.unit), ...(explained ? [check.value === null ? check.reason : ""] : [])]), { numbersFrom: 2 });
}

// The failed requests of a service by kind. `width_s`: of the bins of their series.
export function errorsTable(part, width_s, named) {
  const rows = part.errors.map((series) => {
    const present = series.counts.flatMap((value, place) => (value ? [place] : []));
    const worst = series.counts.indexOf(Math.max(...series.counts));
    return [series.kind, count(series.requests), clock(present[0] * width_s), clock((present.at(-1) + 1) * width_s), `${count(series.counts[worst] / width_s)}/s at ${clock(worst * width_s)}`];
  });
  return table(`Errors${named ? ` of ${part.service}` : ""} by kind`, ["error", "requests", "first", "last", "most"], rows);
}

// What was played again for a service, the proposed change first, and last the changes whose play ended early.
export function whatIfsTable(part, named) {
  const rows = part.what_ifs.map((each) => [each.change, count(each.errors), ratio(each.error_rate), latency(each.p95_s), usd(each.month_usd),
    `${each.month_usd_more < 0 ? "-" : "+"}${usd(Math.abs(each.month_usd_more))}`, each.is_enough ? "yes" : "no"]);
  rows.push(...part.not_enough.map((change) => [change, "", "", "", "", "", "no"]));
  return table(`Played again${named ? ` for ${part.service}` : ""}, with`, ["change", "lost", "error rate", "p95", "month", "difference", "enough"], rows);
}

export function costTable(service) {
  const { run, month } = service.cost;
  const rows = run.lines.map((line, place) => [line, month.lines[place]]).filter(([line, of_month]) => line.quantity || of_month.quantity)
    .map(([line, of_month]) => [line.item, `${count(line.quantity)} ${line.unit}`, usd(line.rate_usd), usd(line.usd), usd(of_month.usd)]);
  const estimated = service.cost.estimated ? ", estimated rates" : "";
  return table(`What App Runner would charge for ${service.name} (${service.cost.region}${estimated}); a month is ${service.cost.month_rests_on}`,
    ["item", "quantity", "rate", "this run", "per month at this traffic"], [...rows, ["total", "", "", usd(run.usd), usd(month.usd)]]);
}

// What each rule of a service's web ACL did, warm-up included.
export function webAclTable(acl) {
  return table(`Web ACL ${acl.name} of ${acl.service}`, ["rule", "action", "requests"], acl.rules.map((each) => [each.rule, each.action, count(each.requests)]), { numbersFrom: 2 });
}

// A column for each downstream resource: a database, cache or API that services call.
export function downstreamTable(resources) {
  const figures = [
    ["calls", (each) => count(each.calls)],
    ["rejected", (each) => count(each.rejected)],
    ["timed out", (each) => count(each.timed_out)],
    ["error rate", (each) => ratio(each.error_rate)],
    ["wait for a connection, p50", (each) => latency(each.wait.p50_s)],
    ["wait for a connection, p95", (each) => latency(each.wait.p95_s)],
    ["wait for a connection, p99", (each) => latency(each.wait.p99_s)],
    ["utilization", (each) => ratio(each.utilization)],
    ["connections, mean", (each) => count(Number(each.connections_mean.toPrecision(3)))],
    ["connections, max", (each) => `${count(each.connections_max)} of ${count(each.connections)}`],
    ["waiting calls, mean", (each) => count(Number(each.queue_mean.toPrecision(3)))],
    ["waiting calls, max", (each) => count(each.queue_max)],
  ];
  return table("Downstream resources", ["figure", ...resources.map((each) => each.name)], figures.map(([name, write]) => [name, ...resources.map(write)]));
}

// A column for each kind of background work of each service.
export function backgroundTable(parts) {
  const works = parts.flatMap((part) => part.works.map((work) => [`${part.service} ${work.name}`, work]));
  const figures = [
    ["jobs due", (work) => count(work.due)],
    ["finished", (work) => count(work.finished)],
    ["missed", (work) => count(work.missed)],
    ["lost with an instance", (work) => count(work.lost)],
    ["unfinished at the end", (work) => count(work.unfinished)],
    ["unfinished, max", (work) => count(work.unfinished_max)],
    ["CPU time", (work) => duration(work.cpu_s)],
    ["delay p50", (work) => latency(work.delay_p50_s)],
    ["delay p95", (work) => latency(work.delay_p95_s)],
    ["delay max", (work) => latency(work.delay_max_s)],
    ["stalled", (work) => duration(work.stalled_s)],
  ];
  return table("Background work", ["figure", ...works.map(([name]) => name)], figures.map(([name, write]) => [name, ...works.map(([, work]) => write(work))]));
}

// How the headline figures change with each assumption that the run depends on, those with the largest effect first.
export function assumptionsTable(part) {
  const figures = [["error_rate", ratio], ["latency_p95_s", latency], ["month_usd", usd], ["instance_hours", digits]];
  const cells = (values, signed) => figures.map(([name, write]) => {
    const value = values?.[name] ?? null;
    if (value === null) return "-";
    const text = signed ? `${value < 0 ? "-" : value > 0 ? "+" : ""}${write(Math.abs(value))}` : write(value);
    return signed ? text.replace("%", "pp") : text;
  });
  const rows = [[`as assumed, seed ${part.seeds[0]}`, "", ...cells(part.base, false)], [`noise of ${part.seeds.length} seeds`, "", ...cells(part.noise, false)]];
  for (const each of part.ranked)
    for (const move of each.moves)
      rows.push([`${each.setting} = ${each.value}: ${each.sentence}`, move.error ? `${move.value}: failed` : `${move.value}${each.within_noise ? " (within noise)" : ""}`, ...cells(move.change, true)]);
  return table(`Assumptions, largest effect first, from ${count(part.runs)} runs`, ["assumption", "moved to", "error rate", "latency p95", "per month", "instance-hours"], rows, { numbersFrom: 2 });
}

// Service times of real instances, beside those of the simulated application of the same file.
export function serviceTimesTable(part) {
  const names = [["measured", "real instances"], ["modelled", "as modelled"], ["corrected", "with measured law"]];
  const rows = part.routes.flatMap((route) => names.filter(([key]) => route[key]).map(([key, name]) => {
    const { requests, p50_s, p95_s, mean_s } = route[key];
    const rejected = route.path ? null : part.rejected.find((each) => each.service === route.service)?.[key] ?? null;
    return [`${route.service}${route.path}`, name, count(requests), latency(p50_s), latency(p95_s), latency(mean_s), rejected === null ? "" : ratio(rejected)];
  }));
  return table("Service times: real instances beside the simulated application", ["service", "", "requests", "p50", "p95", "mean", "rejected"], rows, { numbersFrom: 2 });
}

// A table of figures with a column for each service or source of traffic.
export function sideBySide(caption, parts) {
  const figures = [
    ["requests", (requests) => count(requests.requests)],
    ["served", (requests) => rate(requests.served_rps)],
    ["rejected (429)", (requests) => ratio(requests.rejected_ratio)],
    ["error rate", (requests) => ratio(requests.error_rate)],
    ["latency p50", (requests) => latency(requests.latency.p50_s)],
    ["latency p95", (requests) => latency(requests.latency.p95_s)],
    ["latency p99", (requests) => latency(requests.latency.p99_s)],
    ["latency p99.9", (requests) => latency(requests.latency.p999_s)],
    ["latency max", (requests) => latency(requests.latency.max_s)],
    ["waiting for a slot, p95", (requests) => latency(requests.queue.p95_s)],
    ["start or wake, p99", (requests) => latency(requests.cold.p99_s)],
    ["at the instance, p95", (requests) => latency(requests.service.p95_s)],
    ["cold starts", (requests) => ratio(requests.cold_start_ratio)],
  ];
  return table(caption, ["figure", ...parts.map((part) => part.name)], figures.map(([name, write]) => [name, ...parts.map((part) => write(part.requests))]));
}

export function instancesTable(services) {
  const figures = [
    ["policy", (service) => service.policy],
    ["size", (service) => `${service.cpu} vCPU / ${service.memory_gb} GB`],
    ["MaxConcurrency", (service) => count(service.max_concurrency)],
    ["MinSize to MaxSize", (service) => `${service.min_size} to ${service.max_size}`],
    ["provisioned, mean", (service) => digits(service.instances.provisioned_mean)],
    ["provisioned, max", (service) => count(service.instances.provisioned_max)],
    ["active, mean", (service) => digits(service.instances.active_mean)],
    ["active, max", (service) => count(service.instances.active_max)],
    ["started", (service) => count(service.instances.started)],
    ["crashed", (service) => count(service.instances.crashed)],
    ["instance time provisioned", (service) => duration(service.instances.provisioned_s)],
    ["instance time active", (service) => duration(service.instances.active_s)],
    ["scaling decisions", (service) => count(service.decisions.length)],
    ["USD per million served", (service) => usd(service.cost.usd_per_million_served)],
  ];
  return table("Instances and scaling", ["figure", ...services.map((service) => service.name)], figures.map(([name, write]) => [name, ...services.map(write)]));
}
