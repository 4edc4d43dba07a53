// A lesson: text and question, the run, prediction and outcome, explanation, and one setting to change.

import { TimeCharts, marksOf } from "console/charts";
import { Feed, actsOf, closedBins, figuresOf, serviceOf } from "console/feed";
import { clock, count, short } from "console/format";
import { byId, figures, keep, make, setText, themeButton } from "console/page";
import { Picture } from "console/picture";
import { Replay } from "console/replay";
import { send, takeToken } from "console/sending";
import { decisionRow, logRow, table } from "console/tables";

const lesson = JSON.parse(byId("lesson").textContent);
const token = takeToken();
const outcomes = []; // the outcome of the unchanged scenario, then one for each value that was tried
let run = null; // the run on the page: {feed} while it plays, {outcome} afterwards
let shown = lesson.service; // the service of the question
let picture = null;
let charts = null;
let replay = null;

// --- before the run ---

function task() {
  document.title = `${lesson.title}: a lesson on autoscaling`;
  setText(byId("title"), `${lesson.place}. ${lesson.title}`);
  const way = (name, words) => (name ? make("a", { href: `/lessons/${name}` }, words) : null);
  byId("ways").replaceChildren(...[way(lesson.before, "← Previous"), make("a", { href: "/lessons" }, "All lessons"), way(lesson.next, "Next →")].filter(Boolean));
  byId("text").innerHTML = lesson.text; // rendered by the simulator from its own text; markup within it stays text
  byId("ask").innerHTML = lesson.question.ask;
  const { choices, such_as } = lesson.question;
  byId("choices").replaceChildren(...choices.map(({ key, text }) => make("label", { class: "choice" },
    make("input", { type: "radio", name: "choice", value: key, required: true }), make("kbd", {}, key), make("span", {}, text))));
  byId("number").hidden = choices.length > 0;
  byId("prediction").required = !choices.length;
  byId("prediction").placeholder = such_as;
  byId("prediction").setAttribute("aria-label", `Your prediction: ${such_as}`);
  byId("knob-ask").innerHTML = lesson.knob.ask;
  setText(byId("knob-place"), lesson.knob.place);
  byId("tries").replaceChildren(...lesson.knob.tries.map((value) => make("button", { type: "button", onclick: () => retry(value) }, value)));
  byId("scenario").href = `/lessons/${lesson.name}/${lesson.name}.yaml`;
  byId("watch-only").hidden = Boolean(token);
  allow(Boolean(token));
}

// Forms are disabled during a run: only one run plays at a time.
function allow(open) {
  for (const element of [...byId("predict").elements, ...byId("again").elements]) element.disabled = !open;
}

function predicted() {
  const chosen = byId("predict").querySelector("input[type=radio]:checked");
  return chosen ? chosen.value : byId("prediction").value;
}

// --- the run ---

async function begin(wanted, told) {
  allow(false);
  if (run) run.feed.close();
  setText(told, "");
  const { play, error } = await send(`/lessons/${lesson.name}/play`, wanted, token);
  if (error) {
    allow(true);
    told.className = "said bad";
    setText(told, `✗ ${error}`);
    return;
  }
  stage();
  const act = (what) => send(`/plays/${play}/act`, { act: "clock", ...what }, token);
  const feed = new Feed((kind, state) => heard(kind, state, told), lost, `/plays/${play}/feed`);
  run = { feed, act, outcome: null };
  byId("head-run").scrollIntoView({ block: "nearest" });
}

// Creates the picture and charts with the first run; before it there is nothing to draw.
function stage() {
  byId("before").hidden = true;
  byId("run").hidden = byId("charts-card").hidden = false;
  byId("live").hidden = false;
  byId("replay").hidden = true;
  byId("pause").disabled = byId("end").disabled = true; // until a run exists that can be paused
  setText(byId("at"), clock(0));
  setText(byId("state"), "the platform is starting");
  if (picture) {
    replay.play(false);
    picture.clear();
    charts.at(null);
    return;
  }
  picture = new Picture(byId("picture"));
  charts = new TimeCharts(byId("charts"), { compact: true, onSeek: (t) => { if (run.outcome) replay.seek(t); } });
  replay = new Replay(picture, charts);
}

// The browser reconnects if it can; the forms allow a new run in the meantime.
function lost() {
  if (run.outcome) return;
  setText(byId("state"), "connection lost");
  allow(true);
}

function heard(kind, state, told) {
  if (kind === "ended") { over(state.ended, told); return; }
  if (!state.about) return;
  if (kind === "hello") names(state.about.services.map((service) => service.name));
  if (kind === "frame") frame(state);
  if (kind === "series" || kind === "facts") draw(state);
}

function names(list) {
  if (!list.includes(shown)) [shown] = list;
  byId("services").hidden = list.length < 2;
  byId("services").replaceChildren(...list.map((name) => make("button", { type: "button", "aria-pressed": String(name === shown), onclick: () => choose(name) }, name)));
}

function choose(name) {
  shown = name;
  for (const button of byId("services").children) button.setAttribute("aria-pressed", String(button.textContent === name));
  picture.clear();
  if (run.outcome) again(run.outcome);
  else { frame(run.feed.state); draw(run.feed.state); }
}

function frame(state) {
  const service = state.frame.services[shown];
  if (!service) return;
  const playing = state.frame.state === "playing";
  setText(byId("at"), `${clock(state.frame.t)} of ${clock(state.about.duration_s)}`);
  setText(byId("state"), playing ? `${short(count)(state.frame.speed)} ×` : "paused");
  setText(byId("pause"), playing ? "Pause" : "Play");
  byId("pause").disabled = byId("end").disabled = false;
  picture.show({ t: state.frame.t, ...service });
  figures(figuresOf(service), byId("moment"));
}

function draw(state) {
  const series = closedBins(state, shown);
  if (series) charts.show(series, marksOf(serviceOf(state, shown), actsOf(state)), state.about.duration_s);
}

function over(ended, told) {
  run.feed.close();
  allow(true);
  if (ended.broke) {
    told.className = "said bad";
    setText(told, `✗ an internal error stopped the run: ${ended.broke}`);
    return;
  }
  const { outcome } = ended;
  outcome.report.services.forEach((service) => Object.assign(service.series, outcome.beside[service.name]));
  run.outcome = outcome;
  outcomes.push(outcome);
  byId("live").hidden = true;
  byId("replay").hidden = false;
  again(outcome);
  replay.seek(outcome.report.run.ended_s);
  reveal(outcome);
}

// Shows a finished run as a replay.
function again(outcome) {
  const { report } = outcome;
  const service = report.services.find((each) => each.name === shown);
  replay.show(service, report.run.ended_s);
  charts.show(service.series, marksOf(service, report.timeline), report.run.ended_s, replay.now);
  replay.seek(replay.now);
}

// --- after the run ---

function reveal(outcome) {
  const first = outcomes[0];
  const pair = (name, ...told) => make("div", {}, make("dt", {}, name), make("dd", {}, ...told));
  byId("beside").replaceChildren(
    pair("Your prediction", first.you, " ", make("span", { class: first.right ? "good" : "bad" }, first.right ? "✓ right" : "✗ not quite")),
    pair("Outcome", first.value),
    ...(outcome === first ? [] : [pair("Now", outcome.value)]));
  setText(byId("head-outcome"), outcome === first ? "Outcome" : `Outcome with ${turned(outcome)}`);
  const heading = (each) => (each.knob === null ? (outcomes.length > 1 ? "unchanged" : "outcome") : turned(each));
  byId("table").replaceChildren(table("Figures of the run", ["figure", ...outcomes.map(heading)], first.figures.map((row, place) => [
    row.asked ? make("strong", {}, row.label) : row.label,
    ...outcomes.map((each) => (row.asked ? make("strong", {}, each.figures[place].text) : each.figures[place].text))])));
  byId("explanation").innerHTML = outcome.explanation;
  byId("first").hidden = outcome === first;
  byId("first-explanation").innerHTML = first.explanation;
  journal(outcome);
  byId("outcome-card").hidden = false;
  byId("again-card").hidden = false;
  if (outcome === first) keep(`lesson ${lesson.name}`, first.right ? "right" : "wrong");
  byId("head-outcome").focus();
}

// The changed setting with its value, named by the last part of its place.
function turned(outcome) {
  return `${lesson.knob.place.split(".").at(-1)} ${outcome.knob}`;
}

function journal(outcome) {
  const several = outcome.report.services.length > 1;
  const left = outcome.decisions - outcome.journal.length;
  byId("journal-part").hidden = !outcome.journal.length;
  byId("journal").replaceChildren(
    ...outcome.journal.map((decision) => decisionRow(several ? { ...decision, reason: `${decision.reason} (${decision.service})` } : decision, (t) => replay.seek(t))),
    ...(left > 0 && outcome.journal.length ? [make("li", { class: "soft" }, `and ${count(left)} more, marked in the charts`)] : []));
  byId("events-part").hidden = !outcome.events.length;
  byId("events").replaceChildren(...outcome.events.map((event) => logRow(event.at_s, event.line)));
}

function retry(value) {
  begin({ knob: value }, byId("said-again"));
}

function key(event) {
  if (!run || event.ctrlKey || event.metaKey || event.altKey || event.key !== " ") return;
  if (event.target.closest("input, select, button, a, .charts, .log")) return;
  event.preventDefault();
  byId(run.outcome ? "play" : "pause").click();
}

task();
themeButton(byId("theme"));
byId("predict").addEventListener("submit", (event) => {
  event.preventDefault();
  outcomes.length = 0;
  begin({ prediction: predicted() }, byId("said"));
});
byId("again").addEventListener("submit", (event) => {
  event.preventDefault();
  retry(byId("knob").value);
});
byId("pause").addEventListener("click", () => run.act({ do: byId("pause").textContent === "Pause" ? "pause" : "play" }));
byId("end").addEventListener("click", async () => {
  await run.act({ do: "speed", speed: 10000 });
  await run.act({ do: "play" });
});
document.addEventListener("keydown", key);
// For tests of the page itself.
globalThis.lessonPage = { outcomes, state: () => run && run.feed.state };
