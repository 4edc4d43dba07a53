"""Room for the kernel: what is used up is filled again, what is too small becomes larger, rows go to the ledger."""

from __future__ import annotations

from typing import Any

from simulator.lab.gear.feed import Feed
from simulator.lab.gear.ledger import Ledger
from simulator.lab.gear.state import MARGIN, NOBODY, RANDOM, World, chain_free, longer


class Room:
    """The world of one run, and who looks after its size."""

    def __init__(self, world: World, feed: Feed) -> None:
        self.world = world
        self.ledger: Ledger | None = None
        self._feed = feed

    def flush(self) -> None:
        """Rows go to the ledger; before there is one, nobody asks."""
        state = self.world.pool[0]
        if self.ledger is not None:
            self.ledger.read(self.world.rows[: state["rows"]])
        state["rows"] = 0

    def make(self) -> None:
        """After it the next event finds what it needs (advance.py, `has_room`)."""
        world, state, feed = self.world, self.world.pool[0], self._feed
        most = int(state["present"]) + MARGIN
        if state["rows"] + most > len(world.rows):
            self.flush()
            self._lengthen("rows", most)
        if state["events"] + 2 * most > len(world.events):
            self._lengthen("events", int(state["events"]) + 2 * most)
        if state["latencies"] + most > len(world.latencies):
            self._lengthen("latencies", int(state["latencies"]) + most)
        if state["jobs_full"]:
            self._replace(jobs=longer(world.jobs, 2 * world.jobs.shape[1], axis=1))
            state["jobs_full"] = 0
        if state["free_request"] == NOBODY:
            first = len(world.requests)
            self._replace(requests=longer(world.requests, 2 * first))
            chain_free(self.world, first)
        if state["failure_share"] > 0 and state["fate"] + most > state["fate_end"]:
            self._lengthen("fates", 2 * most)
            feed.fates(self.world)
        if state["balancing"] >= RANDOM and state["lot"] + 2 * most > state["lot_end"]:
            self._lengthen("lots", 4 * most)
            feed.lots(self.world)
        if state["work"] >= state["work_end"]:
            feed.work(self.world)
        for number, source in enumerate(self.world.sources):
            if source["at"] == source["end"] and not source["last"]:
                feed.arrivals(self.world, number)

    def more_instances(self) -> None:
        world = self.world
        count = 2 * len(world.instances)
        self._replace(
            instances=longer(world.instances, count),
            jobs=longer(world.jobs, count),
            free=longer(world.free, count, axis=1),
            newest=longer(world.newest, count, axis=1),
            listed=longer(world.listed, count, axis=1),
            commands=longer(world.commands, 4 * count + 64),
        )

    def widen(self, capacity: int) -> None:
        """For another MaxConcurrency."""
        world = self.world
        if capacity + 2 > world.heads.shape[1]:
            self._replace(
                heads=longer(world.heads, capacity + 2, axis=1, fill=NOBODY),
                tails=longer(world.tails, capacity + 2, axis=1, fill=NOBODY),
            )
        if 2 * capacity + MARGIN > world.jobs.shape[1]:
            self._replace(jobs=longer(world.jobs, 2 * capacity + MARGIN, axis=1))

    def _lengthen(self, name: str, least: int) -> None:
        array = getattr(self.world, name)
        length = len(array)
        while length < 2 * least:
            length *= 2
        if length > len(array):
            self._replace(**{name: longer(array, length)})

    def _replace(self, **arrays: Any) -> None:
        self.world = self.world._replace(**arrays)
