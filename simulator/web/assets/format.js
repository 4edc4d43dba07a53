// Formats numbers and times with three significant digits and their unit, by the rules of model/text/quantities.py: a test
// compares both. The JSON report has the exact values.

export const NOTHING = "-";

// Sums of floats differ in their last digits: less than this counts as zero.
const EPSILON = 1e-9;

const missing = (value) => value === null || value === undefined;
const withoutZeros = (text) => text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");

function fixed(value, places) {
  const [whole, ...fraction] = value.toFixed(places).split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...fraction].join(".");
}

// Zeros at the end are kept, so that a column compares values of one precision.
export function digits(value) {
  if (Math.abs(value) < EPSILON) return "0";
  const lead = Number(value.toExponential(2).split("e")[1]);
  return fixed(value, Math.max(0, 2 - lead));
}

export function count(value) {
  if (missing(value)) return NOTHING;
  return Number.isInteger(value) ? fixed(value, 0) : digits(value);
}

export function rate(perSecond) {
  return missing(perSecond) ? NOTHING : `${digits(perSecond)}/s`;
}

export function latency(seconds) {
  if (missing(seconds)) return NOTHING;
  if (seconds < EPSILON) return "0 ms";
  if (seconds < 0.9995e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  return seconds < 99.95 ? `${digits(seconds)} s` : minutes(seconds);
}

export function ratio(value) {
  return missing(value) ? NOTHING : `${digits(value * 100)} %`;
}

export function usd(value) {
  if (missing(value)) return NOTHING;
  return `$${value >= 1 ? fixed(value, 2) : digits(value)}`;
}

// A time on the run's clock or a length of it: 0 s, 12.5 s, 2m05s, 1h02m03s
export function duration(seconds) {
  if (missing(seconds)) return NOTHING;
  if (seconds >= EPSILON && seconds < 0.9995) return `${withoutZeros(digits(seconds * 1e3))} ms`;
  return seconds < 59.95 ? `${withoutZeros(digits(seconds))} s` : minutes(seconds);
}

function minutes(seconds) {
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, rest] = [Math.floor(whole / 3600), `${Math.floor(whole / 60) % 60}`];
  return hours ? `${hours}h${two(rest)}m${two(whole % 60)}s` : `${rest}m${two(whole % 60)}s`;
}

// The same text without zeros at the end, for the ticks of an axis and for settings: 15 ms, 0.5/s
export const short = (write) => (value) => withoutZeros(write(value));

// The run's clock: 00:05, 12:03, 1:02:03; with tenths of a second for slow playback.
export function clock(seconds, tenths = false) {
  const scaled = tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds + 1e-6);
  const two = (number) => String(number).padStart(2, "0");
  const whole = Math.floor(scaled);
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  const tenth = tenths ? `.${Math.round((scaled - whole) * 10)}` : "";
  return (hours ? `${hours}:${rest}` : rest) + tenth;
}

export function measured(value, unit) {
  const write = { s: latency, ratio, rps: rate, usd }[unit] || count;
  return write(value);
}
