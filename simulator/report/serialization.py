"""The report as bytes. The same run gives the same bytes.

Keys are in the order of the schema, floats are rounded to nine significant digits (the tenth digit of a sum may differ
between machines), one line per field, lists of plain values in one line, and a newline at the end.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

from simulator.report.schema import Report

SIGNIFICANT_DIGITS: Final = 9
_plain: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

# The digest covers the events of the run, so it must not depend on the versions of Python or numpy, nor on the wording
# of notes. Assumptions and modelled service times come from other runs.
_NOT_DIGESTED: Final = frozenset({"digest", "versions", "verdict", "notes", "assumptions", "service_times"})
# Added after the first digests were published: without this field, a run keeps its digest.
_LEFT_OUT_IF_EMPTY: Final = ("downstream", "image_pulls", "background", "web_acls", "assumptions", "service_times")
_BLOCKED: Final = "blocked"  # in counts and series; omitted in runs without a web ACL
_ZONE: Final = "zone"  # in changes of instances; omitted in runs without Availability Zones


def report_json(report: Report) -> str:
    """Return the document that `--json` writes."""
    return _text(_rounded(_document(report)), "") + "\n"


def digest_of(report: Report) -> str:
    """Return the hexadecimal SHA-256 of the report without its digest, versions and notes."""
    document = _document(report, _NOT_DIGESTED)
    return hashlib.sha256(_text(_rounded(document), "").encode()).hexdigest()


def _document(report: Report, left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    document = report.model_dump(mode="json", exclude=set(left_out))
    for key in _LEFT_OUT_IF_EMPTY:
        if not document.get(key):
            document.pop(key, None)
    if "web_acls" not in document:
        _leave_out(document)
    for move in (move for service in document["services"] for move in service["instance_events"]):
        if not move[_ZONE]:
            del move[_ZONE]
    return document


def _leave_out(part: dict[str, Any]) -> None:
    """Remove the counts of blocked requests, which are all 0."""
    part.pop(_BLOCKED, None)
    for value in part.values():
        if isinstance(value, dict):
            _leave_out(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for each in value:
                _leave_out(each)


def sealed(report: Report) -> Report:
    """Return the report with its digest in place."""
    return report.model_copy(update={"digest": digest_of(report)})


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        assert math.isfinite(value), f"value = {value}, must be finite: null means nothing measured"
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _text(value: Any, indent: str) -> str:
    """Return JSON with one line per field. `indent` is the indentation of the line that contains the value."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        fields = [f"{deeper}{_plain(key)}: {_text(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(fields) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = [f"{deeper}{_text(item, deeper)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    return _plain(value)
