"""The journal: the only way in which the parts of a run or a platform publish what has happened.

`record` stores an event and passes it to the readers of its kind. `publish` only passes it on; it is used for requests
that have ended (in chunks), closed seconds, output of instances, and other events that are too many to store or only of
immediate use. The kind of an event is its class, which any package may define. Commands between two objects are not
events: such objects get references to each other when they are created.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from simulator.records.events import Event

E = TypeVar("E")


class Journal:
    """Stores a few events per instance and decision, and passes events to readers. Requests are in the request log.

    The readers of a kind are called in the order of their subscription. If one raises an exception, the others still
    get the event; the exception is then raised to the caller that published the event.
    """

    def __init__(self, events_max: int | None = None) -> None:
        """Create an empty journal. `events_max`: number of the newest events that are kept at least; None keeps all."""
        self.events: list[Event] = []
        self.recorded = 0  # number of events recorded so far, including discarded ones
        self._events_max = events_max
        self._readers: dict[type[Any], tuple[Callable[[Any], object], ...]] = {}

    def subscribe(self, kind: type[E], read: Callable[[E], object]) -> Callable[[], None]:
        """Call `read` with every event of exactly this class from now on. Return a function that ends this."""
        self._readers[kind] = (*self._readers.get(kind, ()), read)

        def unsubscribe() -> None:
            readers = list(self._readers.get(kind, ()))
            if read in readers:
                readers.remove(read)
                self._readers[kind] = tuple(readers)

        return unsubscribe

    def has_reader(self, kind: type[Any]) -> bool:
        """Return True if events of this class have a reader. For events whose creation costs time."""
        return bool(self._readers.get(kind))

    def record(self, event: Event) -> None:
        """Store an event and pass it to its readers."""
        self.events.append(event)
        self.recorded += 1
        if self._events_max is not None and len(self.events) > 2 * self._events_max:
            del self.events[: -self._events_max]
        self.publish(event)

    def publish(self, event: object) -> None:
        """Pass an event to its readers, without storing it.

        Raises the exception of a reader, or an ExceptionGroup if several fail.
        """
        errors: list[Exception] | None = None
        for read in self._readers.get(type(event), ()):
            try:
                read(event)
            except Exception as error:  # noqa: BLE001 raised when all readers have got the event
                errors = [*(errors or ()), error]
        if errors is not None:
            raise errors[0] if len(errors) == 1 else ExceptionGroup(f"readers of {type(event).__name__}", errors)

    def since(self, recorded: int) -> list[Event]:
        """Return the events after the first `recorded` ones, as far as they are still stored."""
        news = self.recorded - recorded
        return self.events[-news:] if news > 0 else []
