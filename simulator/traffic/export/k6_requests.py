"""The requests of a source as a function of a k6 script: one of several by weight, or the steps of a session.

Source: Grafana k6 documentation, "k6/http", "Response", "k6/execution", "SharedArray". As in a scenario, a session ends
early after a request that failed, or whose response lacks a value that is to be extracted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from simulator.rules.retries import MIN_PAUSE_S, PAUSE_S_MAX
from simulator.scenario.files.data_file import data_table
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.scenario.sections.session_spec import PLACEHOLDER, ExtractSpec, RequestSpec
from simulator.scenario.sections.traffic_spec import RetrySpec, SourceSpec

# Rows of a data file that a script contains; they are the first, repeated.
ROWS_MAX: Final = 10_000
_CAUSES: Final[Mapping[str, str]] = {
    "429": "response.status === 429",
    "5xx": "response.status >= 500",
    "no_answer": "response.status === 0",
}
FAILED: Final = """\
// A session ends early after such a response, or after one that lacks a value.
function failed(response) {
  return response.status === 0 || response.status === 429 || response.status >= 500;
}
"""
FOUND: Final = """\
function between(text, after, before) {
  const begin = (text || '').indexOf(after);
  if (begin < 0) return undefined;
  const rest = text.slice(begin + after.length);
  const end = rest.indexOf(before === null ? '\\n' : before);
  if (end < 0) return before === null ? rest : undefined;
  return before === null ? rest.slice(0, end).replace(/\\r$/, '') : rest.slice(0, end);
}

function inJson(response, path) {
  let here;
  try {
    here = path.split('.').reduce((at, key) => at[key], response.json());
  } catch (error) {
    return undefined;
  }
  return here === null || here === undefined || typeof here === 'string' ? here : JSON.stringify(here);
}
"""


class RequestFunction(NamedTuple):
    """The text of a function, and what it needs: rows of data, and functions that several sources share."""

    text: str
    notes: tuple[str, ...] = ()
    needs_failed: bool = False
    needs_found: bool = False
    needs_rows: bool = False


def request_function(name: str, source: SourceSpec, variable: str) -> RequestFunction:
    """Return the function that sends the requests of a source to the address in `variable`."""
    pause = pause_text(source.closed.think_time) if source.closed is not None else ""
    retry = "" if source.retry is None else f"retry_{name}"
    parts = [] if source.retry is None else [_retrying(retry, source.retry)]
    notes = []
    if source.data is not None:
        rows = data_table(source.data)
        parts.append(_rows(name, rows[:ROWS_MAX]))
        if len(rows) > ROWS_MAX:
            notes.append(f"{source.name}: only the first {ROWS_MAX:,} rows of {source.data.name} are in the script")
    if source.addresses:
        notes.append(f"{source.name}: requests come from the address of k6, not from those of the source")
    if source.session:
        calls = "".join(_session(name, source, variable))
    elif len(source.requests) == 1:
        calls = _call(source.requests[0], variable, retry)
    else:
        calls = _by_weight(source.requests, variable, retry)
    parts.append(f"export function send_{name}() {{\n{calls}{pause}}}\n")
    extracted = [where for step in source.session for where in step.extract.values()]
    return RequestFunction(
        "\n".join(parts),
        tuple(notes),
        needs_failed="failed(response)" in calls,
        needs_found=any(where.header is None for where in extracted),
        needs_rows=source.data is not None,
    )


# --- single requests -----------------------------------------------------------------------------------------


def _by_weight(requests: Sequence[RequestSpec], variable: str, retry: str) -> str:
    total = sum(request.weight for request in requests)
    lines, below = ["  const chosen = Math.random();\n"], 0.0
    for number, request in enumerate(requests):
        below += request.weight / total
        condition = f"if (chosen < {below:.9g}) " if number < len(requests) - 1 else ""
        call = _call(request, variable, retry)
        lines.append(f"  {'else ' if number else ''}{condition}{{\n  {call}  }}\n")
    return "".join(lines)


def _call(request: RequestSpec, variable: str, retry: str, *, cookies: bool = True, known: bool = False) -> str:
    """Return the call that sends a request. `known`: `${name}` in it is a value of the session."""
    body = "null" if request.body is None else _text(request.body, known=known)
    if request.body is None and request.request_size_bytes:
        body = f"'x'.repeat({request.request_size_bytes})"
    params = []
    if request.headers:
        fields = (f"{json.dumps(name)}: {_text(value, known=known)}" for name, value in request.headers.items())
        params.append(f"headers: {{{', '.join(fields)}}}")
    if not cookies:
        params.append("jar: new http.CookieJar()")
    given = f", {{ {', '.join(params)} }}" if params else ""
    arguments = f", {body}{given}" if given or body != "null" else ""
    call = f"http.request({json.dumps(request.method)}, {variable} + {_text(request.path, known=known)}{arguments})"
    return f"  {f'{retry}(() => {call})' if retry else call};\n"


def _text(text: str, *, known: bool) -> str:
    """Return a text as an expression of JavaScript."""
    if not known or not PLACEHOLDER.search(text):
        return json.dumps(text)
    parts = PLACEHOLDER.split(text)  # texts and names take turns
    shown = (f"values[{json.dumps(part)}]" if at % 2 else json.dumps(part) for at, part in enumerate(parts))
    return " + ".join(part for part in shown if part != '""')


def _retrying(name: str, retry: RetrySpec) -> str:
    """Return a function that sends a request until it succeeds, at most so often as the source's clients try."""
    causes = " || ".join(_CAUSES[cause] for cause in retry.on)
    wait = seconds_text(retry.wait)
    pause = f"Math.min(Math.max(({wait}) * Math.pow({retry.factor:g}, attempt - 1), {MIN_PAUSE_S:g}), {PAUSE_S_MAX:g})"
    return (
        f"function {name}(send) {{\n"
        "  for (let attempt = 1; ; attempt++) {\n"
        "    const response = send();\n"
        f"    if (attempt >= {retry.attempts} || !({causes})) return response;\n"
        f"    sleep({pause});\n"
        "  }\n"
        "}\n"
    )


# --- sessions --------------------------------------------------------------------------------------------------


def _session(name: str, source: SourceSpec, variable: str) -> Iterator[str]:
    """Yield the statements of a session. A break leaves it for the pause between two sessions."""
    has_values = source.data is not None or any(step.extract for step in source.session)
    if has_values:
        row = f"...rows_{name}[exec.scenario.iterationInTest % rows_{name}.length]" if source.data is not None else ""
        yield f"  const values = {{{row}}};\n"
    yield "  let response;\n  session: {\n"
    for step in source.session:
        call = _call(step, variable, "", cookies=source.cookies, known=has_values)
        yield f"    response = {call.lstrip()}"
        if step is not source.session[-1] or step.extract or not is_zero(step.think_time):
            yield "    if (failed(response)) break session;\n"
        for value, where in step.extract.items():
            at = f"values[{json.dumps(value)}]"
            yield f"    {at} = {_found(where)};\n"
            yield f"    if ({at} === undefined || {at} === null) break session;\n"
        if not is_zero(step.think_time):
            yield f"  {pause_text(step.think_time)}"
    yield "  }\n"


def _found(where: ExtractSpec) -> str:
    if where.header is not None:  # k6 has the names of fields in this form
        return f"response.headers[{json.dumps('-'.join(part.capitalize() for part in where.header.split('-')))}]"
    if where.after is not None:
        return f"between(response.body, {json.dumps(where.after)}, {json.dumps(where.before)})"
    return f"inJson(response, {json.dumps(where.json_spec)})"


def _rows(name: str, rows: Sequence[Mapping[str, str]]) -> str:
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f"const rows_{name} = new SharedArray('{name}', () => [\n{lines},\n]);\n"


# --- pauses ------------------------------------------------------------------------------------------------------


def is_zero(spec: DistributionSpec) -> bool:
    """Return True for a pause that is always 0."""
    return spec.distribution.mean == 0


def pause_text(spec: DistributionSpec) -> str:
    """Return the statement of a pause; empty for none."""
    return "" if is_zero(spec) else f"  sleep({seconds_text(spec)});\n"


def seconds_text(spec: DistributionSpec) -> str:
    """Return a time in seconds: constant, uniform or exponential as in the scenario, otherwise the mean."""
    if spec.uniform is not None:
        width = spec.uniform.high_s - spec.uniform.low_s
        return f"{spec.uniform.low_s:g} + {width:g} * Math.random()"
    if spec.exponential_s is not None:
        return f"-{spec.exponential_s:g} * Math.log(1 - Math.random())"
    return f"{spec.distribution.mean:g}"
