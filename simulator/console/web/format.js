// Formats numbers and times with few digits and their unit. The JSON report has the exact values.

export const NOTHING = "–";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function digits3(value) {
  if (value === 0) return "0";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return String(Number(value.toFixed(Math.min(8, places))));
}

export function count(value) {
  if (value === null || value === undefined) return NOTHING;
  return Number.isInteger(value) || value >= 100 ? grouped.format(value) : digits3(value);
}

export function rate(perSecond) {
  return perSecond === null || perSecond === undefined ? NOTHING : `${count(perSecond)}/s`;
}

export function latency(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  if (seconds === 0) return "0 ms";
  if (seconds < 0.9995e-3) return `${digits3(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits3(seconds * 1e3)} ms`;
  return seconds < 99.95 ? `${digits3(seconds)} s` : duration(seconds);
}

export function ratio(value) {
  if (value === null || value === undefined) return NOTHING;
  return value === 1 ? "100 %" : `${digits3(value * 100)} %`;
}

export function usd(value) {
  if (value === null || value === undefined) return NOTHING;
  if (value >= 1) return `$${new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)}`;
  return value >= 1e-4 || value === 0 ? `$${digits3(value)}` : `$${value.toExponential(2)}`;
}

// 3 s, 2m05s, 1h02m03s, 2d04h
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  if (seconds < 60) return `${digits3(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (days) return `${days}d${two(hours)}h`;
  return hours ? `${hours}h${two(minutes)}m${two(rest)}s` : `${minutes}m${two(rest)}s`;
}

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
