"""Diagrams of state machines, drawn from the transition tables that the platform uses.

The comment `<!-- states: instance -->` of a page is replaced by the diagram of that name. States are arranged in
columns by the number of transitions from the first state; transitions between the same two states share an arrow.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from simulator.model import exchange_state, instance
from simulator.model.resources import domain_state, ingress_state, operation, service_state

# Pixels.
_BOX_W, _BOX_H, _COLUMN, _ROW, _MARGIN = 150, 34, 270, 96, 30

_ARROWHEAD: Final = """\
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0,0 L8,4 L0,8 z"/></marker></defs>"""

StateT = TypeVar("StateT", bound=StrEnum)
Edges = Mapping[tuple[str, str], list[str]]  # (from, to) -> events


def with_diagrams(markdown: str) -> str:
    """Return the page with its diagrams. Raises KeyError for the name of an unknown diagram."""
    return re.sub(r"<!-- states: (\S+) -->", lambda found: diagram(*DIAGRAMS[found[1]]()), markdown)


def diagram(title: str, edges: Edges) -> str:
    """Return an SVG element with a text alternative for screen readers."""
    places = _places(edges)
    width = max(x for x, _ in places.values()) + _BOX_W + _MARGIN
    height = max(y for _, y in places.values()) + _BOX_H + 3 * _MARGIN
    described = "; ".join(f"{a} to {b}: {', '.join(events)}" for (a, b), events in edges.items())
    ends = set(places) - {a for a, _ in edges}
    label = html.escape(f"{title}: {described}")
    parts = [
        f'<svg class="states" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{_ARROWHEAD}',
        *(_arrow(_Arrow(places[a], places[b]), events) for (a, b), events in edges.items()),
        *(_box(state, place, is_end=state in ends) for state, place in places.items()),
        "</svg>",
    ]
    return "".join(parts)


def _places(edges: Edges) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of each state's box. Columns are the distance from the first state."""
    states = list(dict.fromkeys(state for pair in edges for state in pair))
    rank: dict[str, int] = {}
    targets = {b for _, b in edges}
    frontier = [state for state in states if state not in targets] or states[:1]
    while frontier:
        for state in frontier:
            rank.setdefault(state, max(rank.values(), default=-1) if state in rank else _next_rank(state, edges, rank))
        frontier = [b for a, b in edges if a in rank and b not in rank]
    last = max(rank.values())
    shared = [state for state in states if sum(b == state for _, b in edges) > 1]
    for state in [state for state in shared if all(a != state for a, _ in edges)]:
        rank[state] = last + (1 if any(rank[other] == last for other, _ in edges) else 0)  # the last column
    columns: dict[int, list[str]] = {}
    for state in states:
        columns.setdefault(rank[state], []).append(state)
    tallest = max(map(len, columns.values()))
    return {
        state: (
            _MARGIN + column * _COLUMN,
            _MARGIN + 40 + round((row + (tallest - len(inside)) / 2) * _ROW),
        )
        for column, inside in columns.items()
        for row, state in enumerate(inside)
    }


def _next_rank(state: str, edges: Edges, rank: Mapping[str, int]) -> int:
    """Return the rank of the nearest preceding state, plus one."""
    return 1 + min((rank[a] for a, b in edges if b == state and a in rank), default=-1)


@dataclass(frozen=True, slots=True)
class _Arrow:
    begin: tuple[int, int]
    end: tuple[int, int]

    @property
    def path(self) -> tuple[str, float, float]:
        """Return the SVG path and the position of its text (x, y)."""
        (x1, y1), (x2, y2) = self.begin, self.end
        columns = round((x2 - x1) / _COLUMN)
        if columns == 1:
            return self._straight(x1 + _BOX_W, y1 + _BOX_H / 2, x2, y2 + _BOX_H / 2)
        if columns > 1:  # below the boxes in between
            return self._arc(x1 + _BOX_W / 2, y1 + _BOX_H, x2 + _BOX_W / 2, y2 + _BOX_H, 30.0 * columns)
        if columns == 0:
            return self._straight(
                x1 + _BOX_W / 2, y1 + (_BOX_H if y2 > y1 else 0), x2 + _BOX_W / 2, y2 + (0 if y2 > y1 else _BOX_H)
            )
        return self._arc(x1 + _BOX_W / 2, y1, x2 + _BOX_W / 2, y2, -36.0)  # backwards, above the boxes

    def _straight(self, x1: float, y1: float, x2: float, y2: float) -> tuple[str, float, float]:
        return f"M{x1},{y1} L{x2},{y2}", (x1 + x2) / 2, (y1 + y2) / 2 - 5

    def _arc(self, x1: float, y1: float, x2: float, y2: float, lift: float) -> tuple[str, float, float]:
        cx, cy = (x1 + x2) / 2, (min(y1, y2) if lift < 0 else max(y1, y2)) + lift
        return f"M{x1},{y1} Q{cx},{cy} {x2},{y2}", cx, (y1 + 2 * cy + y2) / 4 - 4


def _arrow(arrow: _Arrow, events: Sequence[str]) -> str:
    path, x, y = arrow.path
    text = html.escape(", ".join(events))
    line = f'<path d="{path}" marker-end="url(#arrow)"/>'
    return f'{line}<text class="event" x="{x}" y="{y}" text-anchor="middle">{text}</text>'


def _box(state: str, place: tuple[int, int], *, is_end: bool) -> str:
    x, y = place
    end = ' class="end"' if is_end else ""
    size = 'textLength="138" lengthAdjust="spacingAndGlyphs" ' if len(state) > 16 else ""
    return (
        f'<rect{end} x="{x}" y="{y}" width="{_BOX_W}" height="{_BOX_H}" rx="7"/>'
        f'<text {size}x="{x + _BOX_W / 2}" y="{y + _BOX_H / 2 + 4}" text-anchor="middle">{html.escape(state)}</text>'
    )


def _grouped(transitions: Mapping[tuple[str, str], str]) -> Edges:
    edges: dict[tuple[str, str], list[str]] = {}
    for (before, event), after in transitions.items():
        edges.setdefault((before, after), []).append(event)
    return edges


def _instance() -> tuple[str, Edges]:
    return "The life of an instance", _grouped(
        {(a.value, e.value): b.value for (a, e), b in instance.TRANSITIONS.items()}
    )


def _operation() -> tuple[str, Edges]:
    return "The life of an operation", _grouped(
        {(a.value, e.value): b.value for (a, e), b in operation.TRANSITIONS.items()}
    )


def _service() -> tuple[str, Edges]:
    edges: dict[tuple[str, str], list[str]] = {}
    for status in service_state.ServiceStatus:
        for what in operation.OperationType:
            if service_state.verdict(what, status) is service_state.OperationDecision.BEGINS:
                after = service_state.status_after(what, status, succeeded=True)
                if after is not status:
                    edges.setdefault((status.value, after.value), []).append(what.value)
    return "The states of a service, when an operation has succeeded", edges


def _domain() -> tuple[str, Edges]:
    edges = {(a.value, b.value if b else "gone"): ["next"] for a, b in domain_state.WALK.items()}
    edges |= {(a.value, b.value): ["fails"] for a, b in domain_state.FAILED.items()}
    return "The life of a custom domain", edges


def _ingress() -> tuple[str, Edges]:
    return "The life of a VPC ingress connection", {(a.value, b.value): ["done"] for a, b in ingress_state.NEXT.items()}


def _of_events(
    title: str,
    events: Sequence[exchange_state.Transition[StateT]],
    anywhere: exchange_state.Transition[StateT] | None = None,
) -> tuple[str, Edges]:
    """Return the diagram of `events`. `anywhere`: an event of nearly all states, which the page describes in words."""
    edges: dict[tuple[str, str], list[str]] = {}
    for event in events:
        for before, after in event.items():
            if after is not before and event is not anywhere:
                edges.setdefault((before.value, after.value), []).append(event.name)
    return title, edges


DIAGRAMS: Final[Mapping[str, Callable[[], tuple[str, Edges]]]] = {
    "instance": _instance,
    "operation": _operation,
    "service": _service,
    "domain": _domain,
    "ingress": _ingress,
    "request": lambda: _of_events("What the client sends", exchange_state.REQUEST_EVENTS),
    "upload": lambda: _of_events("Where the bytes of the body are", exchange_state.UPLOAD_EVENTS),
    "response": lambda: _of_events("What the client receives", exchange_state.RESPONSE_EVENTS, exchange_state.ABORTED),
}
