"""The sizes that platforms offer, against lists that are written out from their documentation."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.sizes import SUPPORTED, InstanceSize
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.rules.platforms.sizing.sizes import ANY_SIZE, OfferedSize, SizeOffer, SizeRange, Steps, exactly

Pair = tuple[int, int]


def fargate() -> Iterable[Pair]:
    """The documented table: GB for each vCPU."""
    yield from ((256, 512), (256, 1024), (256, 2048))
    steps = {
        512: (1, 4, 1),
        1024: (2, 8, 1),
        2048: (4, 16, 1),
        4096: (8, 30, 1),
        8192: (16, 60, 4),
        16384: (32, 120, 8),
    }
    for units, (least, most, step) in steps.items():
        yield from ((units, gb * 1024) for gb in range(least, most + 1, step))


def lambda_() -> Iterable[Pair]:
    yield from ((round(mb / 1769 * 1024), mb) for mb in range(128, 10_241))


def container_apps() -> Iterable[Pair]:
    yield from ((quarter * 256, quarter * 512) for quarter in range(1, 17))


def cloud_run_of_one() -> Iterable[Pair]:
    """The documented conditions: vCPU above half for more than 512 MiB, and so on. Memory in steps of 64 MiB here."""
    for units in [*range(82, 1024), 1024, 2048, 4096, 6144, 8192]:
        for mb in range(128, 32_769, 64):
            least = 512 if mb > 512 else 0
            least = 1024 if mb > 1024 else least
            least = 2048 if mb > 4096 else least
            least = 4096 if mb > 8192 else least
            least = 6144 if mb > 16_384 else least
            least = 8192 if mb > 24_576 else least
            needs = 2048 if units == 4096 else 4096 if units in {6144, 8192} else 128
            if units >= least and mb >= needs:
                yield units, mb


LISTS = {
    "app-runner": [(units, mb) for units, memories in SUPPORTED.items() for mb in memories],
    "ecs-express": list(fargate()),
    "lambda": list(lambda_()),
    "container-apps": list(container_apps()),
}


def nearest_of(sizes: Iterable[Pair], asked: Pair) -> Pair:
    """The nearest size by trying all of them."""
    known = list(sizes)
    return min((pair for pair in known if pair[0] >= asked[0] and pair[1] >= asked[1]), default=max(known))


@pytest.mark.parametrize("name", LISTS)
@given(units=st.integers(1, 20_000), mb=st.integers(1, 140_000))
def test_the_nearest_size_is_the_smallest_of_all_that_are_large_enough(name: str, units: int, mb: int) -> None:
    found = platform_named(name).sizes.nearest(InstanceSize(units, mb))
    expected = nearest_of(LISTS[name], (units, mb))
    assert (found.size.cpu_units, found.size.memory_mb) == expected
    assert found.is_smaller == (expected[0] < units or expected[1] < mb)


@pytest.mark.parametrize("name", LISTS)
def test_each_listed_size_is_offered_and_stays(name: str) -> None:
    offer = platform_named(name).sizes
    assert [pair for pair in LISTS[name] if not offer.has(InstanceSize(*pair))] == []


def test_cloud_run_offers_what_its_conditions_allow() -> None:
    offer, known = platform_named("cloud-run").sizes, list(cloud_run_of_one())
    for asked in [(256, 512), (256, 1024), (300, 1088), (512, 1024), (1024, 12_288), (4096, 1024), (8192, 32_768)]:
        found = offer.nearest(InstanceSize(*asked), 1).size
        assert (found.cpu_units, found.memory_mb) == nearest_of(known, asked), asked


def test_cloud_run_has_no_fraction_of_a_vcpu_for_concurrent_requests() -> None:
    asked = InstanceSize(256, 512)
    offer = platform_named("cloud-run").sizes
    assert offer.nearest(asked, 1).size == asked
    assert offer.nearest(asked, 2).size == InstanceSize(1024, 512)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_has_a_size_for_each_size_of_app_runner_up_to_8_gb(name: str) -> None:
    """Lambda ends at 10,240 MB, Container Apps at 8 GB."""
    for pair in (pair for pair in LISTS["app-runner"] if pair[1] <= 8192):
        found = platform_named(name).sizes.nearest(InstanceSize(*pair), 200)
        assert not found.is_smaller
        assert found.size.cpu_units >= pair[0]
        assert found.size.memory_mb >= pair[1]


@pytest.mark.parametrize("pair", LISTS["app-runner"])
def test_fargate_has_each_size_of_app_runner(pair: Pair) -> None:
    """As the migration guide says (facts, ECS Express 6)."""
    assert platform_named("ecs-express").sizes.has(InstanceSize(*pair))


def test_lambda_adds_memory_until_the_cpu_suffices() -> None:
    offer = platform_named("lambda").sizes
    assert offer.nearest(InstanceSize(1024, 512)).size == InstanceSize(1024, 1769)
    assert offer.nearest(InstanceSize(256, 512)).size == InstanceSize(296, 512)


def test_a_size_beyond_all_moves_to_the_largest_one() -> None:
    found = platform_named("container-apps").sizes.nearest(InstanceSize(4096, 12_288))
    assert found == OfferedSize(InstanceSize(4096, 8192), is_smaller=True)


def test_an_offer_without_rules_has_any_size() -> None:
    assert ANY_SIZE.nearest(InstanceSize(333, 777), 200).size == InstanceSize(333, 777)
    assert str(ANY_SIZE) == "any size"


def test_a_named_size_has_its_name_and_price() -> None:
    small = SizeRange(exactly(64), Steps(256, 2048, 256), "small", usd_hour=0.003)
    offer = SizeOffer((small, SizeRange(exactly(128), Steps(512, 4096, 256), "large", usd_hour=0.006)))
    assert str(offer.nearest(InstanceSize(64, 300))) == "0.0625 vCPU / 0.5 GB (small)"
    assert offer.priced(InstanceSize(64, 512)) == small
    assert offer.priced(InstanceSize(64, 513)) is None


def test_the_rules_are_readable() -> None:
    assert str(platform_named("lambda").sizes) == "128 to 10240 MB, with one vCPU for each 1769 MB"
    assert str(platform_named("container-apps").sizes) == (
        "0.25 to 4 vCPU in steps of 0.25 vCPU, with 2 GB for each vCPU"
    )
    assert str(platform_named("app-runner").sizes).startswith("0.25 vCPU with 0.5 GB; 0.25 vCPU with 1 GB")
    assert "8 vCPU with 16 to 60 GB in steps of 4 GB" in str(platform_named("ecs-express").sizes)
    assert "0.5 to 0.999 vCPU with 0.125 to 1 GB, MaxConcurrency 1 at most" in str(platform_named("cloud-run").sizes)
