"""The CPU of one instance: taken, restored, and restored temporarily for a probe."""

from __future__ import annotations

from simulator.fleet.process.throttling import Throttle


class Switch:
    """Records what is done to the CPU. `stops`: it takes the whole CPU."""

    def __init__(self, *, stops: bool, raises: bool = False) -> None:
        self.stops = stops
        self.raises = raises
        self.turns: list[str] = []

    def take(self) -> None:
        self._note("take")

    def give(self) -> None:
        self._note("give")

    def _note(self, turn: str) -> None:
        if self.raises:
            raise ProcessLookupError
        self.turns.append(turn)


def test_a_woken_instance_has_its_cpu_and_waking_twice_gives_it_once() -> None:
    switch = Switch(stops=True)
    throttle = Throttle(switch, lambda: False)
    throttle.throttle()
    assert throttle.is_stopped
    throttle.wake()
    throttle.wake()
    assert switch.turns == ["take", "give"]
    assert not throttle.is_stopped


def test_a_stopped_instance_gets_its_cpu_for_a_probe_and_loses_it_again() -> None:
    switch = Switch(stops=True)
    throttle = Throttle(switch, lambda: False)
    throttle.throttle()
    with throttle.lent():
        assert switch.turns == ["take", "give"]
    assert switch.turns == ["take", "give", "take"]


def test_an_instance_that_is_woken_during_a_probe_keeps_its_cpu() -> None:
    switch = Switch(stops=True)
    throttle = Throttle(switch, lambda: False)
    throttle.throttle()
    with throttle.lent():
        throttle.wake()
    assert switch.turns == ["take", "give", "give"]


def test_an_instance_with_a_share_of_the_cpu_is_probed_as_it_is() -> None:
    switch = Switch(stops=False)
    throttle = Throttle(switch, lambda: False)
    throttle.throttle()
    assert not throttle.is_stopped
    with throttle.lent():
        pass
    assert switch.turns == ["take"]


def test_an_ended_instance_is_left_alone() -> None:
    switch = Switch(stops=True)
    throttle = Throttle(switch, lambda: True)
    throttle.throttle()
    throttle.wake()
    assert switch.turns == []
    vanished = Throttle(Switch(stops=True, raises=True), lambda: False)
    vanished.throttle()  # it ends between the check and the write
    vanished.wake()
