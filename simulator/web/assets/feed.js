// The feed: server-sent events, gathered into one state that the page draws. The browser connects again by itself.

import { count, duration, latency, rate, usd } from "console/format";

const LISTED_MAX = 4000;

export class Feed {
  // `changed(kind, state)` after every message; `lost()` when the connection is interrupted.
  constructor(changed, lost, path = "/feed") {
    this.changed = changed;
    this.lost = lost;
    this.state = { about: null, frame: null, series: {}, facts: [], factsUntil: 0, lines: [], linesUntil: 0, operations: null, verdict: null, ended: null };
    this.instances = new Map();
    this.source = new EventSource(path);
    for (const kind of ["opening", "hello", "about", "frame", "series", "facts", "lines", "operations", "verdict", "ended"]) {
      this.source.addEventListener(kind, (event) => {
        this.#take(kind, JSON.parse(event.data));
        this.changed(kind, this.state);
      });
    }
    this.source.addEventListener("error", () => this.lost());
  }

  // Stop reading the feed.
  close() {
    this.source.close();
  }

  #take(kind, data) {
    const { state } = this;
    if (kind === "hello") Object.assign(state, { about: data, facts: [], factsUntil: 0, lines: [], linesUntil: 0, operations: null });
    if (kind === "about") state.about = data;
    if (kind === "frame") {
      // Numbers and start times are sent only when they have changed.
      for (const [name, service] of Object.entries(data.services)) {
        const kept = this.instances.get(name) || { n: [], b: [] };
        service.instances = { n: service.i.n || kept.n, b: service.i.b || kept.b, z: (service.i.n ? service.i.z : kept.z) || "", s: service.i.s, o: service.i.o };
        this.instances.set(name, service.instances);
      }
      state.frame = data;
    }
    if (kind === "series") state.series = data;
    if (kind === "facts" && data.until > state.factsUntil) {
      // A page that connects between two batches may get facts twice: of a batch that it has in part only the new facts are added.
      const rows = data.from >= state.factsUntil ? data.rows : data.rows.slice(-(data.until - state.factsUntil));
      state.facts = state.facts.concat(rows).slice(-LISTED_MAX);
      state.factsUntil = data.until;
    }
    if (kind === "lines") {
      const fresh = data.rows.slice(Math.max(0, state.linesUntil - data.from));
      state.lines = state.lines.concat(fresh).slice(-LISTED_MAX);
      state.linesUntil = Math.max(state.linesUntil, data.from + data.rows.length);
    }
    if (kind === "operations") state.operations = data.rows;
    if (kind === "verdict") state.verdict = data;
    if (kind === "ended") {
      state.ended = data;
      state.verdict = data.verdict ?? state.verdict;
    }
  }
}

// A service with its facts sorted, as the report has it.
export function serviceOf(state, name) {
  const mine = state.facts.filter((fact) => fact.service === name);
  return {
    name,
    decisions: mine.filter((fact) => fact.k === "decision"),
    configurations: mine.filter((fact) => fact.k === "configuration"),
    events: mine.filter((fact) => fact.k === "event"),
  };
}

export function actsOf(state) {
  return state.facts.filter((fact) => fact.k === "act");
}

// The acts that are marked in the charts. With an API these are its operations, of every caller, including those of the
// console.
const BY_THE_API = new Set(["console: deploy", "console: pause", "console: resume", "console: scaling"]);

export function markedActs(state, name) {
  if (state.about.marks !== "operations") return actsOf(state);
  const operations = (state.operations || []).filter((one) => one.service === name && one.at_s >= 0)
    .map((one) => ({ at_s: one.at_s, action: one.type, detail: operationWords(one) }));
  return [...actsOf(state).filter((act) => !BY_THE_API.has(act.action)), ...operations];
}

export function operationWords(operation) {
  const took = operation.ended_s === null ? "" : ` in ${duration(operation.ended_s - operation.at_s)}`;
  return `${operation.status.replaceAll("_", " ").toLowerCase()}${took}`;
}

// The series of a service without the bin that has just begun: otherwise traffic would seem to fall to zero.
export function closedBins(state, name) {
  const series = state.series[name];
  if (!series || !state.frame || state.ended) return series;
  const closed = Math.floor((state.frame.t - series.from_s) / series.width_s);
  if (closed < 1 || closed >= series.offered.length) return series;
  return Object.fromEntries(Object.entries(series).map(([key, column]) => [key, Array.isArray(column) ? column.slice(0, closed) : column]));
}

// The figures of a frame of a service, formatted.
export function figuresOf(service) {
  return [
    ["offered", rate(service.offered_rps)], ["served", rate(service.served_rps)], ["rejected (429)", rate(service.rejected_rps)], ["in flight", count(service.in_flight)],
    ["queued", count(service.waiting)], ["active", count(service.active)], ["provisioned", count(service.provisioned)], ["desired", count(service.desired)],
    ...Object.entries(service.shadows ?? {}).map(([policy, desired]) => [`desired by ${policy} (shadow)`, count(desired)]),
    ["p50", latency(service.p50_s)], ["p99", latency(service.p99_s)], ["per hour", usd(service.usd_per_hour)],
  ];
}
