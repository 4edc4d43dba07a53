"""Pulls by machines: their time, compared with another formula, the sharing of layers, and the placement of
instances.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.image_pulls import ImageToPull, Machines, Placement

IMAGE = ImageToPull({"base": 30, "app": 60}, bandwidth=10.0)
ONE = replace(IMAGE, placement=Placement.SPREAD, machines=1)


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=6),
    st.floats(0.5, 50.0),
    st.one_of(st.just(math.inf), st.floats(0.5, 50.0)),
)
def test_a_pull_takes_the_longest_path_through_downloads_and_unpacking(
    sizes: list[int], bandwidth: float, unpack: float
) -> None:
    """The time is the makespan of a flow shop with two machines: downloads up to a layer, then unpacking from that
    layer on.
    """
    image = ImageToPull({str(n): size for n, size in enumerate(sizes)}, bandwidth, unpack)
    ways = [sum(sizes[: n + 1]) / bandwidth + sum(sizes[n:]) / unpack for n in range(len(sizes))]
    assert image.cold_pull_s == pytest.approx(max(ways))


def test_a_machine_that_has_the_image_pulls_nothing_and_another_version_only_its_own_layers() -> None:
    machines = Machines()
    first = machines.enter(ONE, 0.0)
    assert (first.pulled_bytes, first.took_s) == (90, 9.0)
    again = machines.enter(ONE, 20.0)
    assert (again.machine, again.pulled_bytes, again.took_s) == (first.machine, 0, 0.0)
    newer = machines.enter(replace(ONE, layers={"base": 30, "app-2": 50}), 30.0)
    assert (newer.pulled_bytes, newer.took_s) == (50, 5.0)


def test_an_instance_waits_for_layers_that_its_machine_is_pulling_and_for_its_link() -> None:
    machines = Machines()
    machines.enter(ONE, 0.0)
    second = machines.enter(ONE, 4.0)
    assert (second.pulled_bytes, second.took_s) == (0, 5.0)
    other = machines.enter(replace(ONE, layers={"other": 20}), 5.0)
    assert other.took_s == pytest.approx(6.0)  # four seconds until the link is free, then its own two


def test_each_new_machine_pulls_everything() -> None:
    machines = Machines()
    pulls = [machines.enter(IMAGE, 100.0 * n) for n in range(3)]
    assert [pull.machine.number for pull in pulls] == [1, 2, 3]
    assert [pull.took_s for pull in pulls] == [9.0, 9.0, 9.0]


def test_spread_takes_the_machine_with_the_fewest_instances() -> None:
    machines, image = Machines(), replace(IMAGE, placement=Placement.SPREAD, machines=3)
    pulls = [machines.enter(image, float(n)) for n in range(5)]
    assert [pull.machine.number for pull in pulls] == [1, 2, 3, 1, 2]
    machines.leave(pulls[1].machine, 5.0)
    machines.leave(pulls[4].machine, 5.0)
    assert machines.enter(image, 20.0).machine.number == 2


def test_pack_fills_a_machine_before_it_takes_another() -> None:
    machines, image = Machines(), replace(IMAGE, placement=Placement.PACK, per_machine=2)
    pulls = [machines.enter(image, 100.0 * n) for n in range(5)]
    assert [pull.machine.number for pull in pulls] == [1, 1, 2, 2, 3]
    assert [pull.took_s for pull in pulls] == [9.0, 0.0, 9.0, 0.0, 9.0]
    machines.leave(pulls[0].machine, 500.0)
    machines.leave(pulls[4].machine, 500.0)
    assert machines.enter(image, 501.0).machine.number == 1  # it has one instance, machine 3 has none


@pytest.mark.parametrize("placement", [Placement.SPREAD, Placement.PACK])
@pytest.mark.parametrize(("back_s", "took_s"), [(70.0, 0.0), (70.1, 9.0)])
def test_a_machine_without_instances_keeps_its_layers_for_a_while(
    placement: Placement, back_s: float, took_s: float
) -> None:
    machines, image = Machines(), replace(IMAGE, placement=placement, keep_s=60.0)
    first = machines.enter(image, 0.0)
    machines.leave(first.machine, 10.0)
    assert machines.enter(image, back_s).took_s == pytest.approx(took_s)
