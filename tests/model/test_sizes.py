from __future__ import annotations

import pytest

from simulator.model.sizes import SUPPORTED, InstanceSize, parse_cpu, parse_memory, supported


@pytest.mark.parametrize("pair", [(cpu, memory) for cpu, memories in SUPPORTED.items() for memory in memories])
def test_every_documented_pair_of_cpu_and_memory_is_accepted(pair: tuple[int, int]) -> None:
    size = supported(*pair)
    assert (size.vcpu * 1024, size.memory_gb * 1024) == pair


def test_the_default_size_is_that_of_app_runner() -> None:
    assert str(InstanceSize()) == "1 vCPU / 2 GB"


def test_an_unsupported_cpu_is_rejected_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"cpu = 3 vCPU, must be one of 0\.25 vCPU, 0\.5 vCPU, 1 vCPU, 2 vCPU, 4 vCPU"):
        supported(3072, 8192)


def test_memory_unsupported_for_the_cpu_is_rejected_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"memory = 8 GB, must be 2 GB, 3 GB, 4 GB with 1 vCPU"):
        supported(1024, 8192)


def test_a_size_without_cpu_or_memory_is_rejected() -> None:
    with pytest.raises(ValueError, match="cpu_units = 0, must be positive"):
        InstanceSize(0, 512)
    with pytest.raises(ValueError, match="memory_mb = -1, must be positive"):
        InstanceSize(256, -1)


def test_sizes_of_other_platforms_are_rounded_for_the_reader() -> None:
    assert str(InstanceSize(1185, 2048)) == "1.16 vCPU / 2 GB"
    assert str(InstanceSize(1024, 1769)) == "1 vCPU / 1.728 GB"


@pytest.mark.parametrize("text", [1024, "1024", "1 vCPU", "1vcpu", 1, 1.0, " 1 "])
def test_cpu_may_be_given_in_units_or_in_vcpus(text: object) -> None:
    assert parse_cpu(text) == 1024


@pytest.mark.parametrize("text", [2048, "2048", "2 GB", "2gb", 2, 2.0])
def test_memory_may_be_given_in_mb_or_in_gb(text: object) -> None:
    assert parse_memory(text) == 2048


def test_a_unit_makes_a_large_number_clear() -> None:
    assert (parse_cpu("16 vCPU"), parse_cpu(16)) == (16_384, 16)
    assert (parse_memory("120 GB"), parse_memory(120)) == (122_880, 120)


def test_the_smallest_size_is_formatted_in_fractions() -> None:
    assert InstanceSize(parse_cpu("0.25 vCPU"), parse_memory("0.5 GB")) == InstanceSize(256, 512)


@pytest.mark.parametrize("value", ["much", "", 0, -1, True, None, "nan", "1e9"])
def test_an_invalid_size_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        parse_cpu(value)
    with pytest.raises(ValueError, match="must be a size"):
        parse_memory(value)
