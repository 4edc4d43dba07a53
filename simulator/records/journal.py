"""The journal: the only way in which the parts of a run or a platform tell what has happened.

`record` keeps an event and passes it to the readers of its kind; `tell` only passes it: requests that have ended (in
chunks), closed seconds, output of instances and other events that are too many to keep or needed at once only. A kind
is the class of its events, whatever room defines it. Commands between two parts that belong together are no events:
those parts get each other when they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from simulator.records.events import Event

E = TypeVar("E")


class Journal:
    """Stores a few events per instance and decision; requests go to the request log, which is bounded.

    The readers of a kind are called in the order in which they subscribed. If one raises an exception, the others still
    get the event, and the exception is raised afterwards, where the event was told.
    """

    def __init__(self, events_max: int | None = None) -> None:
        """Create an empty journal. `events_max`: at least so many of the newest events are kept; None keeps all."""
        self.events: list[Event] = []
        self.recorded = 0  # number of recorded events so far, including discarded ones
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
        """Return True if an event of this class would be read; for events that cost something to make."""
        return bool(self._readers.get(kind))

    def record(self, event: Event) -> None:
        """Keep an event and pass it to its readers."""
        self.events.append(event)
        self.recorded += 1
        if self._events_max is not None and len(self.events) > 2 * self._events_max:
            del self.events[: -self._events_max]
        self.tell(event)

    def tell(self, event: object) -> None:
        """Pass an event to its readers.

        Raises the exception of a reader, and an ExceptionGroup for those of several.
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
