// The animated picture of one service: clients, load balancer, queue, instances, and requests as moving dots.
//
// Two canvases overlap. The lower one has the parts that do not move between two frames of the feed (at most ten per
// second); the upper one has the dots and is drawn at the screen's refresh rate. Counts are exact; dots are a sample.

import { clock, count, duration, rate, short } from "console/format";
import { colours, onTheme } from "console/page";

const DOTS_MAX = 420;
const TO_BALANCER_S = 0.45;
const TO_INSTANCE_S = 0.45;
const BACK_S = 0.55;
const STAY_S_MAX = 0.5;
const LINE_DOTS_MAX = 48;
// State letters of the feed, one per instance.
const STATES = { p: "provisioning", s: "starting", i: "idle", a: "active", d: "draining", x: "stopped" };

export class Picture {
  // `onChoose(number)` is called when an instance is selected by a click or keys; null when none is.
  constructor(root, { onChoose = () => {} } = {}) {
    this.root = root;
    this.onChoose = onChoose;
    this.still = document.createElement("canvas");
    this.moving = document.createElement("canvas");
    root.append(this.still, this.moving);
    root.tabIndex = 0;
    root.setAttribute("role", "application");
    root.setAttribute("aria-roledescription", "picture of a service");
    this.frame = null;
    this.dots = [];
    this.chosen = null;
    this.cells = new Map();
    this.running = false;
    this.frames = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.theme = colours();
    onTheme(() => { this.theme = colours(); this.#drawStill(); });
    new ResizeObserver(() => this.#measure()).observe(root);
    root.addEventListener("click", (event) => this.#click(event));
    root.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => this.#run());
    this.#measure();
  }

  // A frame: {t, offered_rps, served_rps, rejected_rps, in_flight, waiting, max_concurrency, provisioned, active,
  // instances: {n: numbers, s: letters of states, o: requests at each, b: seconds of birth}, dots: [[instance, queue_s,
  // cold_s, service_s, status], ...]}.
  show(frame) {
    this.frame = frame;
    this.root.setAttribute("aria-label", this.words());
    this.#drawStill();
    if (!this.calm.matches) this.#send(frame.dots || []);
    this.#run();
  }

  clear() {
    this.dots = [];
  }

  choose(number) {
    this.chosen = number;
    this.onChoose(number);
    this.#drawStill();
  }

  // Describes the picture in a sentence.
  words() {
    const { frame } = this;
    if (!frame) return "No picture yet";
    const states = [...frame.instances.s].reduce((sum, letter) => ({ ...sum, [letter]: (sum[letter] || 0) + 1 }), {});
    const parts = Object.entries(STATES).filter(([letter]) => states[letter]).map(([letter, name]) => `${states[letter]} ${name}`);
    return `At ${clock(frame.t)}: ${rate(frame.offered_rps)} offered, ${count(frame.in_flight)} in flight, ${count(frame.waiting)} queued; instances: ${parts.join(", ") || "none"}`;
  }

  // --- geometry ---

  #measure() {
    const { width, height } = this.root.getBoundingClientRect();
    if (!width || !height) return;
    // At most 1.5 pixels a point: without a GPU drawing time grows with every pixel.
    const scale = Math.min(1.5, devicePixelRatio || 1);
    for (const canvas of [this.still, this.moving]) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    this.width = width;
    this.height = height;
    this.tall = width < 560;
    const { tall } = this;
    this.places = tall
      ? { clients: [width * 0.14, 46], balancer: [width * 0.5, 46], line: [width * 0.66, 46, width * 0.3], box: [10, 104, width - 20, height - 112] }
      : { clients: [62, height / 2], balancer: [210, height / 2], line: [262, height / 2, 130], box: [410, 12, width - 422, height - 24] };
    this.#drawStill();
  }

  #layOut(amount) {
    const [left, top, width, height] = this.places.box;
    // The largest cells with which all fit, wider than high.
    let size = Math.min(150, width);
    const ratio = 0.7;
    while (size > 4 && Math.floor(width / size) * Math.floor(height / (size * ratio)) < amount) size *= size > 40 ? 0.94 : 0.97;
    const columns = Math.max(1, Math.floor(width / size));
    const high = size * ratio;
    const rows = Math.ceil(amount / columns);
    // A few instances are placed in the middle, where the path from the balancer ends.
    if (this.tall) return { left: left + (width - Math.min(amount, columns) * size) / 2, top, columns, wide: size, high };
    return { left, top: top + Math.max(0, (height - rows * high) / 2), columns, wide: size, high };
  }

  // --- static parts ---

  #drawStill() {
    if (!this.width) return;
    const context = this.still.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    const { frame } = this;
    if (!frame) return;
    this.#drawEnds(context, frame);
    this.#drawLine(context, frame);
    this.#drawInstances(context, frame);
  }

  #drawEnds(context, frame) {
    const { theme } = this;
    const [clientX, clientY] = this.places.clients;
    const [balancerX, balancerY] = this.places.balancer;
    context.strokeStyle = theme.line;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(clientX, clientY);
    context.lineTo(balancerX, balancerY);
    if (this.tall) { context.moveTo(balancerX, balancerY); context.lineTo(balancerX, this.places.box[1]); }
    else context.lineTo(this.places.box[0] - 8, balancerY);
    context.stroke();
    context.fillStyle = theme.panel;
    context.strokeStyle = theme.soft;
    for (const [dx, dy] of [[-9, 5], [9, 5], [0, -6]]) {
      context.beginPath();
      context.arc(clientX + dx, clientY + dy, 9, 0, Math.PI * 2);
      context.fill();
      context.stroke();
    }
    context.beginPath();
    context.roundRect(balancerX - 26, balancerY - 20, 52, 40, 8);
    context.fill();
    context.stroke();
    context.beginPath();
    for (const dy of [-9, 0, 9]) { context.moveTo(balancerX - 11, balancerY); context.lineTo(balancerX + 12, balancerY + dy); }
    context.stroke();
    this.#text(context, "clients", clientX, clientY + 34, theme.soft);
    this.#text(context, rate(frame.offered_rps), clientX, clientY - 26, theme.ink, true);
    this.#text(context, "load balancer", balancerX, balancerY + 34, theme.soft);
    this.#text(context, `${count(frame.in_flight)} in flight`, balancerX, balancerY - 28, theme.ink, true);
    const [outX, outY] = this.#out();
    if (frame.rejected_rps > 0) this.#text(context, `429: ${rate(frame.rejected_rps)}`, outX, outY + 17, theme.red, true);
  }

  // The place where rejected requests disappear: half of the way back, below the path.
  #out() {
    const [[clientX, clientY], [balancerX]] = [this.places.clients, this.places.balancer];
    return [(clientX + balancerX) / 2, clientY + (this.tall ? 32 : 48)];
  }

  #drawLine(context, frame) {
    const { theme } = this;
    const [x, y, length] = this.places.line;
    const waiting = Math.round(frame.waiting);
    if (!waiting) return;
    const shown = Math.min(waiting, LINE_DOTS_MAX);
    const rows = this.tall ? 3 : 4;
    const step = Math.min(9, length / Math.ceil(shown / rows));
    context.fillStyle = theme.orange;
    for (let place = 0; place < shown; place += 1) {
      context.beginPath();
      context.arc(x + length - Math.floor(place / rows) * step - 6, y + ((place % rows) - (rows - 1) / 2) * 9, 3, 0, Math.PI * 2);
      context.fill();
    }
    this.#text(context, `${count(waiting)} queued`, x + length / 2, y - 28, theme.orange, true);
  }

  #drawInstances(context, frame) {
    const { instances } = frame;
    const amount = instances.n.length;
    const grid = this.#layOut(Math.max(amount, 1));
    this.grid = grid;
    this.cells.clear();
    const places = Math.max(1, frame.max_concurrency);
    if (!amount) {
      const [left, top, width] = this.places.box;
      this.#text(context, "no instance", left + width / 2, top + 40, this.theme.soft);
    }
    const gap = grid.wide > 30 ? 6 : grid.wide > 12 ? 2 : 1;
    for (let place = 0; place < amount; place += 1) {
      const x = grid.left + (place % grid.columns) * grid.wide;
      const y = grid.top + Math.floor(place / grid.columns) * grid.high;
      const cell = { x, y, wide: grid.wide - gap, high: grid.high - gap };
      const number = instances.n[place];
      this.cells.set(number, cell);
      this.#drawCell(context, cell, { number, letter: instances.s[place], load: instances.o[place], born: instances.b[place], zone: (instances.z || "")[place] || "" }, places, frame.t);
    }
  }

  #drawCell(context, cell, instance, places, now) {
    const { theme } = this;
    const { x, y, wide, high } = cell;
    const big = wide > 46;
    const fill = Math.min(1, instance.load / places);
    const style = {
      p: { edge: theme.soft, back: theme.panel, dash: [3, 3] },
      s: { edge: theme.purple, back: theme.panel, dash: [6, 3] },
      i: { edge: theme.line, back: theme.idle, dash: null },
      a: { edge: theme.blue, back: theme.panel, dash: null },
      d: { edge: theme.orange, back: theme.panel, dash: [2, 2] },
      x: { edge: theme.red, back: theme.panel, dash: null },
    }[instance.letter] || { edge: theme.soft, back: theme.panel, dash: null };
    context.fillStyle = style.back;
    if (big) { context.beginPath(); context.roundRect(x, y, wide, high, 6); context.fill(); } else context.fillRect(x, y, wide, high);
    if (fill > 0) {
      // The fill level, from the bottom; a full instance changes its colour and has a bar on top.
      context.fillStyle = fill >= 1 ? theme.orange : theme.blue;
      context.globalAlpha = big ? 0.32 : 0.85;
      const level = Math.max(1, (high - 2) * fill);
      context.fillRect(x + 1, y + high - 1 - level, wide - 2, level);
      context.globalAlpha = 1;
    }
    context.strokeStyle = style.edge;
    context.lineWidth = instance.number === this.chosen ? 3 : big ? 1.5 : 1;
    if (instance.number === this.chosen) context.strokeStyle = theme.ink;
    if (style.dash && wide > 12) context.setLineDash(style.dash);
    if (big) { context.beginPath(); context.roundRect(x, y, wide, high, 6); context.stroke(); }
    else context.strokeRect(x + 0.5, y + 0.5, Math.max(1, wide - 1), Math.max(1, high - 1));
    context.setLineDash([]);
    if (wide > 34) this.#drawCellText(context, cell, instance, places, now, big);
  }

  #drawCellText(context, { x, y, wide, high }, instance, places, now, big) {
    const { theme } = this;
    const middle = x + wide / 2;
    if (!big) { this.#text(context, String(instance.number), middle, y + high / 2 + 4, theme.ink, false, 10); return; }
    this.#text(context, `#${instance.number} ${instance.zone}`.trimEnd(), middle, y + 14, theme.soft, false, 11);
    const says = { p: "requested", s: "starting", i: wide > 74 ? "CPU throttled" : "idle", d: "draining", x: "stopped" }[instance.letter];
    const load = `${short(count)(Math.round(instance.load * 10) / 10)}/${places}`;
    this.#text(context, says && !(instance.load > 0) ? says : load, middle, y + high / 2 + 6, theme.ink, true, wide > 74 ? 12 : 10);
    if (high > 44 && instance.born >= 0 && now >= instance.born) this.#text(context, duration(Math.floor(now - instance.born)), middle, y + high - 6, theme.soft, false, 10);
  }

  #text(context, words, x, y, colour, bold = false, size = 12) {
    context.font = `${bold ? "600 " : ""}${size}px system-ui, sans-serif`;
    context.fillStyle = colour;
    context.textAlign = "center";
    context.fillText(words, x, y);
  }

  // --- moving parts ---

  #send(rows) {
    const now = performance.now() / 1000;
    // Spread the dots over the time until the next frame; otherwise they would appear in groups.
    rows.forEach(([instance, queue_s, cold_s, service_s, status], place) => {
      if (this.dots.length >= DOTS_MAX) return;
      const wait = queue_s + cold_s;
      this.dots.push({
        from: now + (place / Math.max(1, rows.length)) * 0.1,
        instance,
        lane: ((place * 7919) % 17) / 17 - 0.5,
        wait: wait > 0.02 ? Math.min(0.6, 0.15 + wait) : 0,
        stay: Math.min(STAY_S_MAX, service_s),
        bad: status === 429 || status === 0 || status >= 500,
        rejected: instance === 0,
      });
    });
  }

  #run() {
    if (this.running || document.hidden || this.calm.matches) return;
    this.running = true;
    const step = () => {
      this.#drawMoving(performance.now() / 1000);
      this.frames += 1;
      if ((this.dots.length || this.moved) && !document.hidden) requestAnimationFrame(step);
      else this.running = false;
    };
    requestAnimationFrame(step);
  }

  #drawMoving(now) {
    const context = this.moving.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    const kept = [];
    const { theme } = this;
    const paths = { blue: [], orange: [], green: [], red: [] };
    for (const dot of this.dots) {
      if (now < dot.from) { kept.push(dot); continue; }
      const place = this.#placeOf(dot, now - dot.from);
      if (!place) continue;
      kept.push(dot);
      paths[place[2]].push(place);
    }
    for (const [name, places] of Object.entries(paths)) {
      if (!places.length) continue;
      context.beginPath();
      for (const [x, y] of places) {
        if (name === "red") { context.moveTo(x - 3, y - 3); context.lineTo(x + 3, y + 3); context.moveTo(x + 3, y - 3); context.lineTo(x - 3, y + 3); }
        else { context.moveTo(x + 3, y); context.arc(x, y, 3, 0, Math.PI * 2); }
      }
      context.lineWidth = 2;
      if (name === "red") { context.strokeStyle = theme.red; context.stroke(); } else { context.fillStyle = theme[name]; context.fill(); }
    }
    this.moved = kept.length > 0;
    this.dots = kept;
  }

  // [x, y, colour] of a dot `age` seconds after it started; null when it has ended.
  #placeOf(dot, age) {
    const [clientX, clientY] = this.places.clients;
    const [balancerX, balancerY] = this.places.balancer;
    const lane = dot.lane * 16;
    if (age < TO_BALANCER_S) {
      const share = age / TO_BALANCER_S;
      return [clientX + (balancerX - clientX) * share, clientY + lane * Math.sin(share * Math.PI), "blue"];
    }
    let left = age - TO_BALANCER_S;
    if (dot.rejected) {
      // Rejected by the balancer: back and down, as a cross.
      if (left > BACK_S) return null;
      const share = left / BACK_S;
      const [outX, outY] = this.#out();
      const [doorX, doorY] = [balancerX - 22, balancerY + 8];
      return [doorX + (outX - doorX) * share, doorY + (outY - doorY) * share * share, dot.bad ? "red" : "green"];
    }
    if (left < dot.wait) return [balancerX + 34 + (dot.lane + 0.5) * 16, balancerY + lane, "orange"];
    left -= dot.wait;
    const cell = this.cells.get(dot.instance);
    const [boxX, boxY] = [this.places.box[0], this.places.box[1]];
    const targetX = cell ? cell.x + cell.wide / 2 : boxX + 20;
    const targetY = cell ? cell.y + cell.high / 2 : boxY + 20;
    if (left < TO_INSTANCE_S) {
      const share = left / TO_INSTANCE_S;
      const ease = share * share * (3 - 2 * share);
      return [balancerX + 26 + (targetX - balancerX - 26) * ease, balancerY + (targetY - balancerY) * ease, "blue"];
    }
    left -= TO_INSTANCE_S;
    if (left < dot.stay) {
      return [targetX + (cell ? dot.lane * cell.wide * 0.5 : 0), targetY + (cell ? Math.sin(dot.lane * 9) * cell.high * 0.2 : 0), "blue"];
    }
    left -= dot.stay;
    if (left > BACK_S) return null;
    const share = left / BACK_S;
    return [targetX + (clientX - targetX) * share, targetY + (clientY - targetY) * share - 26 * Math.sin(share * Math.PI), dot.bad ? "red" : "green"];
  }

  // --- selection ---

  #click(event) {
    const bounds = this.root.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    for (const [number, cell] of this.cells) {
      if (x >= cell.x && x <= cell.x + cell.wide && y >= cell.y && y <= cell.y + cell.high) {
        this.choose(number === this.chosen ? null : number);
        return;
      }
    }
    this.choose(null);
  }

  #key(event) {
    const numbers = [...this.cells.keys()];
    if (!numbers.length) return;
    const columns = this.grid ? this.grid.columns : 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (event.key === "Escape") this.choose(null);
    if (!step) return;
    event.preventDefault();
    const here = numbers.indexOf(this.chosen);
    this.choose(numbers[here < 0 ? 0 : Math.max(0, Math.min(numbers.length - 1, here + step))]);
  }
}
