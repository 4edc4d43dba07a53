"""The events of a platform as lines, which `--verbose` prints on standard error as they happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never, get_args

from simulator.cli.exit_codes import bad_input
from simulator.model.text.quantities import time_text
from simulator.records.events import (
    BackgroundLogged,
    ConfigurationChanged,
    DownstreamLogged,
    Event,
    EventLogged,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)
from simulator.records.journal import Journal


def check_loudness(*, quiet: bool, verbose: bool) -> None:
    """End the command if both options are given."""
    if quiet and verbose:
        bad_input("verbose = given, must be left out with --quiet")


def tell_events(journal: Journal, tell: Callable[[str], object]) -> None:
    """Pass a line to `tell` for every event so far, and for each further event as it happens."""
    for event in journal.events:
        tell(event_line(event))
    for kind in get_args(Event):
        journal.subscribe(kind, lambda event: tell(event_line(event)))


def event_line(event: Event) -> str:
    """Return the time of the event in the run, its service, and its description."""
    return f"{time_text(event.at_s)} {_text(event)}"


def _text(event: Event) -> str:
    match event:
        case ScalingDecided(service=service):
            change = f"desired {event.before} -> {event.desired} by {event.policy}"
            return f"{service}: {change}: {event.reason} ({event.formula})"
        case InstanceMoved(service=service):
            change = f"instance {event.instance} {event.before} -> {event.after}"
            return f"{service}: {change}: {event.why}" if event.why else f"{service}: {change}"
        case EventLogged(service=service) | BackgroundLogged(service=service):
            return f"{service}: {event.line}"
        case TimelineActed():
            return f"timeline: {event.action}: {event.detail}" if event.detail else f"timeline: {event.action}"
        case ConfigurationChanged(service=service):
            sizes = f"min size {event.min_size}, max size {event.max_size}"
            return f"{service}: max concurrency {event.max_concurrency}, {sizes}"
        case DownstreamLogged():
            return f"downstream {event.resource}: {event.line}"
        case other:
            assert_never(other)
