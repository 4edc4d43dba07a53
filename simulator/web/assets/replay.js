// Replays a finished run: picture, figures at the current time, and a time slider.

import { clock, count, latency, rate, usd } from "console/format";
import { byId, figures, setText } from "console/page";
import { Story } from "console/story";

export class Replay {
  // On the elements `play`, `time`, `now`, `speed` and `moment` of the page.
  constructor(picture, charts) {
    this.picture = picture;
    this.charts = charts;
    this.story = null;
    this.now = 0;
    this.ended_s = 0;
    this.playing = false;
    this.last = 0;
    byId("play").addEventListener("click", () => this.play(!this.playing));
    byId("time").addEventListener("input", (event) => this.seek((Number(event.target.value) / 1000) * this.ended_s));
  }

  // Shows a service of the report; the time does not change.
  show(service, ended_s) {
    this.story = new Story(service, ended_s);
    this.ended_s = ended_s;
    this.picture.clear();
  }

  // Start at the time of the most traffic, so that the first picture is not empty.
  seekBusiest() {
    const { series } = this.story.service;
    const busiest = series.offered.indexOf(Math.max(...series.offered));
    this.seek((busiest + 0.5) * series.width_s);
  }

  seek(t) {
    this.now = Math.max(0, Math.min(this.ended_s, t));
    this.picture.clear();
    this.#draw(false);
  }

  play(on) {
    this.playing = on;
    setText(byId("play"), on ? "Pause" : "Play");
    if (on && this.now >= this.ended_s) this.now = 0;
    this.last = performance.now();
    if (on) setTimeout(() => this.#tick(), 100);
  }

  #tick() {
    if (!this.playing) return;
    const elapsed = (performance.now() - this.last) / 1000;
    this.last = performance.now();
    const length = byId("speed").value;
    this.now = Math.min(this.ended_s, this.now + elapsed * (length === "real" ? 1 : this.ended_s / Number(length)));
    this.#draw(true);
    if (this.now >= this.ended_s) this.play(false);
    else setTimeout(() => this.#tick(), 100);
  }

  #draw(moving) {
    const frame = this.story.frame(this.now);
    if (!moving) frame.dots = [];
    this.picture.show(frame);
    setText(byId("now"), clock(this.now));
    const slider = byId("time");
    slider.value = String(Math.round((this.now / this.ended_s) * 1000));
    slider.setAttribute("aria-valuetext", clock(this.now));
    figures([["offered", rate(frame.offered_rps)], ["rejected", rate(frame.rejected_rps)], ["in flight", count(frame.in_flight)], ["queued", count(frame.waiting)],
      ["active", count(frame.active)], ["provisioned", count(frame.provisioned)], ["p50", latency(frame.p50_s)], ["p99", latency(frame.p99_s)], ["per hour", usd(frame.usd_per_hour)]], byId("moment"));
    this.charts.at(this.now);
  }
}
