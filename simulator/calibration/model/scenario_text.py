"""The text of a scenario with a calibrated model: each parameter has a comment with its interval and its origin."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from simulator.calibration.model.calibrated_model import CalibratedModel, ModelParameter, ModelRoute

_WIDTH: Final = 118
_DURATION: Final = "300s"
_WARM_UP: Final = "30s"
# The rate of the scenario as a share of the highest throughput that was observed: a load that one instance carries.
_SHARE_OF_MAXIMUM: Final = 0.5
_SECTIONS: Final = frozenset({(), ("simulated",), ("simulated", "paths"), ("downstream",)})
_MB: Final = 1024**2

Keys = tuple[str, ...]


def scenario_text(model: CalibratedModel, file: str) -> str:
    """Return the scenario. `file` is the name of the model file, to which its first comment refers."""
    files = ", ".join(each.name for each in model.provenance.files) or "observations"
    method = f" {model.provenance.method}" if model.provenance.method else ""
    lines = [
        *_comment(f"A model of {model.provenance.target or model.name}, calibrated from {files}.{method}"),
        *_comment(f"The intervals contain the true value with a probability of 95 %. All figures: {file}."),
        *(line for each in model.warnings for line in _comment(f"Warning: {each}")),
        *(line for each in model.unknown for line in _comment(f"Unknown: {each}")),
        "",
        "version: 1",
        f"name: {model.name}",
        f"duration: {_DURATION}",
        f"warm_up: {_WARM_UP}",
        "",
        "services:",
        f"  {model.name}:",
        f"    cpu: {model.size.vcpu:g} vCPU",
        f"    memory: {model.size.memory_gb:g} GB",
        "    application:",
        *_section(model.application, (), _by_key(model), 6),
        "",
        "traffic:",
        "  - name: users",
        *_rate(model),
        "    requests:",
        *(f"      - {_flow(_request(route), 8)}" for route in model.routes),
    ]
    return "\n".join(lines) + "\n"


def parameter_text(parameter: ModelParameter) -> str:
    """Return a sentence such as `workers: 8 (8 to 9), fitted.`"""
    value = number_text(parameter, parameter.value, "no limit")
    if parameter.how == "unknown":
        span = f"unknown, {_span(parameter)}; the model has {value}"
    else:
        span = f"{value} ({_span(parameter)}), {parameter.how}" if parameter.low is not None else value
    sentence = f" {parameter.sentence}" if parameter.sentence else ""
    return f"{parameter.name}: {span}.{sentence}"


def _span(parameter: ModelParameter) -> str:
    low = number_text(parameter, parameter.low, "0")
    return f"{low} or more" if parameter.high is None else f"{low} to {number_text(parameter, parameter.high, '')}"


def number_text(parameter: ModelParameter, value: float | None, absent: str) -> str:
    """Return a value of the parameter with its unit; `absent` for None."""
    if value is None:
        return absent
    match parameter.unit:
        case "s":
            return f"{value * 1000:.4g} ms" if abs(value) < 1 else f"{value:.4g} s"
        case "bytes":
            return f"{value / _MB:.4g} MB"
        case "share":
            return f"{100 * value:.3g} %"
        case "":
            return f"{value:.4g}"


def _by_key(model: CalibratedModel) -> dict[Keys, list[ModelParameter]]:
    found: dict[Keys, list[ModelParameter]] = {}
    for each in model.parameters:
        if each.key:
            found.setdefault(each.key, []).append(each)
    return found


def _section(
    section: Mapping[str, Any], place: Keys, parameters: Mapping[Keys, list[ModelParameter]], indent: int
) -> Iterator[str]:
    """Yield the lines of a mapping; one that contains parameters has a line for each key."""
    space = " " * indent
    for key, value in section.items():
        inner = (*place, key)
        for parameter in parameters.get(inner, ()):
            yield from _comment(parameter_text(parameter), indent)
        below = any(other[: len(inner)] == inner and len(other) > len(inner) for other in parameters)
        if isinstance(value, Mapping) and value and (below or inner in _SECTIONS):
            yield f"{space}{_key(key)}:"
            yield from _section(value, inner, parameters, indent + 2)
        else:
            yield f"{space}{_key(key)}: {_flow(value, indent + 2)}"


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)


def _flow(value: Any, indent: int) -> str:
    """Return a value in one line, or in several that are indented if it is long."""
    text = yaml.safe_dump(
        _plain(value), default_flow_style=True, sort_keys=False, width=_WIDTH - indent, allow_unicode=True
    )
    return textwrap.indent(text.removesuffix("...\n").strip(), " " * indent).lstrip()


def _plain(value: Any) -> Any:
    """Return the value with mappings and lists that YAML can write."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _rate(model: CalibratedModel) -> list[str]:
    highest_rps = model.observed.throughput_max_rps or model.observed.rate_max_rps or 2.0
    rate = f"{float(f'{_SHARE_OF_MAXIMUM * highest_rps:.3g}'):.10g}/s"
    return [*_comment("Half of the highest throughput observed", 4), f"    poisson: {{rate: {rate}}}"]


def _request(route: ModelRoute) -> dict[str, Any]:
    sizes = {"request_size": round(route.request_bytes), "response_size": round(route.response_bytes)}
    given = {"path": route.path, "method": route.method, "weight": float(f"{route.weight:.6g}")}
    return given | {key: size for key, size in sizes.items() if size}


def _comment(text: str, indent: int = 0) -> list[str]:
    start = " " * indent + "# "
    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent=start, subsequent_indent=start)


def time_text(seconds: float) -> str:
    """Return a time as scenario files write it, with six significant digits."""
    return "0ms" if seconds <= 0 else f"{float(f'{seconds * 1000:.6g}'):.10f}".rstrip("0").rstrip(".") + "ms"
