// Converts a finished run to frames of the picture: instances from their recorded states, traffic from the series.
// Between two bins the picture shows means, so the load of an instance here is the mean of the instances that serve.

const LETTERS = { provisioning: "p", starting: "s", idle: "i", active: "a", draining: "d", stopped: "x" };
const DOTS_A_FRAME = 14;
const STOPPED_SHOWN_SHARE = 0.004; // share of the run for which a stopped instance stays in the picture

export class Story {
  // `service` as in the report, `series` with in_flight and waiting; `ended_s` of the run.
  constructor(service, ended_s) {
    this.service = service;
    this.ended_s = ended_s;
    this.moves = service.instance_events;
    this.next = 0;
    this.at_s = 0;
    this.instances = new Map();
    this.turn = 0;
  }

  // The frame at `t`; with dots only while the time advances.
  frame(t) {
    this.#walk(t);
    const { series, configurations } = this.service;
    const bin = Math.max(0, Math.min(series.offered.length - 1, Math.floor(t / series.width_s)));
    const perSecond = (column) => (column[bin] || 0) / series.width_s;
    let { max_concurrency } = this.service;
    for (const change of configurations) if (change.at_s <= t) ({ max_concurrency } = change);
    const living = [...this.instances.entries()];
    const serving = living.filter(([, instance]) => instance.letter === "a");
    const waiting = series.waiting ? series.waiting[bin] : 0;
    const in_flight = series.in_flight ? Math.max(0, series.in_flight[bin] - waiting) : 0;
    const load = serving.length ? in_flight / serving.length : 0;
    return {
      t, max_concurrency, waiting, in_flight,
      offered_rps: perSecond(series.offered), served_rps: perSecond(series.served), rejected_rps: perSecond(series.rejected), failed_rps: perSecond(series.failed),
      p50_s: series.p50_s[bin], p99_s: series.p99_s[bin],
      provisioned: living.filter(([, instance]) => instance.letter !== "x").length, active: serving.length, desired: Math.round(series.desired[bin]),
      usd_per_hour: series.usd_per_hour ? series.usd_per_hour[bin] : null,
      instances: {
        n: living.map(([number]) => number), s: living.map(([, instance]) => instance.letter).join(""),
        o: living.map(([, instance]) => (instance.letter === "a" ? load : 0)), b: living.map(([, instance]) => instance.born),
        z: living.map(([, instance]) => instance.zone).join(""),
      },
      dots: this.#dots(series, bin, serving.map(([number]) => number)),
    };
  }

  #walk(t) {
    if (t < this.at_s) { this.next = 0; this.instances.clear(); }
    this.at_s = t;
    while (this.next < this.moves.length && this.moves[this.next].at_s <= t) {
      const move = this.moves[this.next];
      const known = this.instances.get(move.instance);
      this.instances.set(move.instance, { letter: LETTERS[move.after] || "a", born: known ? known.born : move.at_s, moved: move.at_s, zone: move.zone || "" });
      this.next += 1;
    }
    const gone = t - Math.max(2, this.ended_s * STOPPED_SHOWN_SHARE);
    for (const [number, instance] of this.instances) if (instance.letter === "x" && instance.moved < gone) this.instances.delete(number);
  }

  // Dots according to the bin's rate, with its shares of outcomes.
  #dots(series, bin, serving) {
    const offered = series.offered[bin];
    if (!offered) return [];
    const amount = Math.min(DOTS_A_FRAME, Math.max(1, Math.round(offered / series.width_s / 10)));
    const rejected = series.rejected[bin] / offered;
    const failed = series.failed[bin] / offered;
    return Array.from({ length: amount }, () => {
      this.turn = (this.turn + 0.6180339887) % 1; // evenly spread and deterministic, so that every replay looks the same
      const instance = serving.length ? serving[Math.floor(((this.turn * 9973) % 1) * serving.length)] : 0;
      if (this.turn < rejected || !instance) return [0, 0, 0, 0, 429];
      const waits = series.waiting && series.waiting[bin] > 0.5 ? 0.3 : 0;
      return [instance, waits, 0, series.p50_s[bin] || 0.1, this.turn < rejected + failed ? 503 : 200];
    });
  }
}
