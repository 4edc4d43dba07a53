"""What a scenario file may leave out, put in: the only service's name, and names for nameless sources.

Works on plain data that may be wrong anywhere, and leaves what is wrong as it is for the sections to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.replay.timeline_spec import ACTIONS
from simulator.replay.traffic_spec import SHAPES


def completed(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with what may be left out put in: the only service's name, and names for nameless sources."""
    services = data.get("services")
    only = next(iter(services)) if isinstance(services, dict) and len(services) == 1 else None
    whole = dict(data)
    if isinstance(data.get("traffic"), list):
        whole["traffic"] = [_named(_for_service(item, only), n) for n, item in enumerate(data["traffic"], 1)]
    if isinstance(data.get("timeline"), list):
        whole["timeline"] = [_event_for_service(event, only) for event in data["timeline"]]
    return whole


def _for_service(item: Any, only: str | None) -> Any:
    return {"service": only} | item if isinstance(item, dict) and only is not None else item


def _named(item: Any, number: int) -> Any:
    if not isinstance(item, dict) or "name" in item:
        return item
    shape = next((shape for shape in SHAPES if shape in item), "source")
    return {"name": f"{shape}-{number}"} | item


def _event_for_service(event: Any, only: str | None) -> Any:
    if not isinstance(event, dict) or only is None:
        return event
    return {
        key: _for_service({} if value is None else value, only) if key in ACTIONS and key != "rate" else value
        for key, value in event.items()
    }
