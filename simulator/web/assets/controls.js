// The controls of a run. Acts carry the token of the address; without a token the page is read-only.

import { byId, setText } from "console/page";
import { send, takeToken } from "console/sending";

const SEND_AFTER_MS = 120; // a moving slider must not send a request per pixel

export class Controls {
  // `current()` gives {name, frame} of the service that is shown, `chosen()` the chosen instance or null.
  constructor(current, chosen) {
    this.current = current;
    this.chosen = chosen;
    this.token = takeToken();
    this.touched = new Map(); // elements in use: the feed does not overwrite them
    this.timers = new Map();
    byId("watch-only").hidden = Boolean(this.token);
    if (!this.token) for (const element of byId("controls").elements) element.disabled = true;
    this.#listen();
  }

  // Show the values in force after an update of the feed, except in elements that are in use.
  show(about, frame, service) {
    byId("clock").hidden = about.clock !== "virtual";
    byId("operations").hidden = !about.operations;
    const playing = frame.state === "playing";
    setText(byId("play"), playing ? "Pause" : "Play");
    if (frame.speed !== null) this.#put("speed", Math.log10(frame.speed), `${times(frame.speed)} ×`);
    byId("traffic").closest("fieldset").hidden = service.factor === null;
    if (service.factor !== null) this.#put("traffic", service.factor > 0 ? Math.log10(service.factor) : -1.05, `${times(service.factor)} ×`);
    for (const [id, key] of [["max-concurrency", "max_concurrency"], ["min-size", "min_size"], ["max-size", "max_size"]]) this.#put(id, service[key]);
    const option = byId("victim").querySelector('[value="chosen"]');
    option.disabled = this.chosen() === null;
    option.textContent = this.chosen() === null ? "the instance selected in the picture" : `instance ${this.chosen()}`;
    if (option.disabled && byId("victim").value === "chosen") byId("victim").value = "oldest";
  }

  close() {
    for (const element of byId("controls").elements) element.disabled = true;
  }

  async send(act) {
    const said = byId("said");
    const { said: words, error } = await send("/act", act, this.token);
    said.className = error ? "said bad" : "said";
    said.textContent = error ? `✗ ${error}` : `✓ ${words}`;
  }

  #put(id, value, words = null) {
    if (this.touched.has(id)) return;
    const element = byId(id);
    if (element.value !== String(value)) element.value = String(value);
    if (words !== null) { setText(byId(`${id}-value`), words); element.setAttribute("aria-valuetext", words); }
  }

  #later(id, act) {
    this.touched.set(id, true);
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(async () => {
      await this.send(act());
      this.timers.set(id, setTimeout(() => this.touched.delete(id), 600));
    }, SEND_AFTER_MS));
  }

  #slide(id, value, act) {
    const words = `${times(value)} ×`;
    setText(byId(`${id}-value`), words);
    byId(id).setAttribute("aria-valuetext", words);
    this.#later(id, act);
  }

  #listen() {
    const service = () => this.current().name;
    const clock = (act) => this.send({ act: "clock", ...act });
    this.playOrPause = () => clock({ do: byId("play").textContent === "Pause" ? "pause" : "play" });
    byId("play").addEventListener("click", () => this.playOrPause());
    byId("step").addEventListener("click", () => clock({ do: "step", seconds: 1 }));
    byId("decision").addEventListener("click", () => clock({ do: "next_decision" }));
    byId("speed").addEventListener("input", () => this.#slide("speed", speedValue(), () => ({ act: "clock", do: "speed", speed: speedValue() })));
    byId("traffic").addEventListener("input", () => this.#slide("traffic", trafficValue(), () => ({ act: "traffic", service: service(), factor: trafficValue() })));
    byId("kill").addEventListener("click", () => {
      const which = byId("victim").value;
      this.send({ act: "kill", service: service(), instance: which === "chosen" ? this.chosen() : which });
    });
    for (const id of ["max-concurrency", "min-size", "max-size"]) byId(id).addEventListener("input", () => this.touched.set(id, true));
    byId("controls").addEventListener("submit", async (event) => {
      event.preventDefault();
      await this.send({ act: "scaling", service: service(), max_concurrency: number("max-concurrency"), min_size: number("min-size"), max_size: number("max-size") });
      for (const id of ["max-concurrency", "min-size", "max-size"]) this.touched.delete(id);
    });
    for (const what of ["deploy", "pause", "resume"]) byId(what).addEventListener("click", () => this.send({ act: what, service: service() }));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (!this.token || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, button, textarea, a, .charts, [role=tab]")) return;
    const nudge = (id, by) => { const slider = byId(id); slider.value = String(Number(slider.value) + by); slider.dispatchEvent(new Event("input")); };
    const does = {
      " ": () => this.playOrPause(), ".": () => byId("step").click(), d: () => byId("decision").click(),
      "[": () => nudge("speed", -0.5), "]": () => nudge("speed", 0.5), "-": () => nudge("traffic", -0.1), "+": () => nudge("traffic", 0.1),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}

const number = (id) => (byId(id).value === "" ? null : Number(byId(id).value));
const rounded = (value) => Number(value.toPrecision(2));
const speedValue = () => Math.min(10000, Math.max(0.01, rounded(10 ** Number(byId("speed").value))));
// The left end of the slider means no traffic.
const trafficValue = () => (Number(byId("traffic").value) <= -1.04 ? 0 : rounded(10 ** Number(byId("traffic").value)));

function times(value) {
  return value >= 1000 ? new Intl.NumberFormat("en-US").format(value) : String(Number(value.toPrecision(3)));
}
