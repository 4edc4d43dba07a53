"""Instance sizes: CPU and memory, and the pairs of them that App Runner offers.

Source: Developer Guide, "supported configurations" (facts 5.1); spellings from the API model (facts 1.6). The sizes of
other platforms: rules/platforms/sizing/sizes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.model.text.units import parse_number

CPU_UNITS_PER_VCPU: Final = 1024
MB_PER_GB: Final = 1024

# vCPU units -> memory choices in MB.
SUPPORTED: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024),
    512: (1024,),
    1024: (2048, 3072, 4096),
    2048: (4096, 6144),
    4096: (8192, 10240, 12288),
}


@dataclass(frozen=True, slots=True)
class InstanceSize:
    """CPU in units (1024 = 1 vCPU) and memory in MB.

    Raises:
        ValueError: if one of them is not positive.
    """

    cpu_units: int = 1024
    memory_mb: int = 2048

    def __post_init__(self) -> None:
        for name, value in (("cpu_units", self.cpu_units), ("memory_mb", self.memory_mb)):
            if value <= 0:
                msg = f"{name} = {value}, must be positive"
                raise ValueError(msg)

    @property
    def vcpu(self) -> float:
        return self.cpu_units / CPU_UNITS_PER_VCPU

    @property
    def memory_gb(self) -> float:
        return self.memory_mb / MB_PER_GB

    def __str__(self) -> str:
        return f"{_vcpu_text(self.cpu_units)} / {_gb_text(self.memory_mb)}"


def supported(cpu_units: int, memory_mb: int) -> InstanceSize:
    """Return the size with this CPU and memory, one of App Runner's pairs.

    Raises:
        ValueError: if App Runner does not offer the pair.
    """
    if cpu_units not in SUPPORTED:
        msg = f"cpu = {_vcpu_text(cpu_units)}, must be one of {cpu_choices()}"
        raise ValueError(msg)
    if memory_mb not in SUPPORTED[cpu_units]:
        choices = ", ".join(_gb_text(mb) for mb in SUPPORTED[cpu_units])
        msg = f"memory = {_gb_text(memory_mb)}, must be {choices} with {_vcpu_text(cpu_units)}"
        raise ValueError(msg)
    return InstanceSize(cpu_units, memory_mb)


def parse_cpu(value: object) -> int:
    """Parse CPU units from `1024`, `"1024"`, `"16 vCPU"`, or a number of vCPUs below 16 (`0.5`, `1`)."""
    number = _number(value, "vcpu", "cpu", "1 vCPU or 1024")
    return round(number * CPU_UNITS_PER_VCPU) if number < 16 or _has_unit(value, "vcpu") else round(number)


def parse_memory(value: object) -> int:
    """Parse memory in MB from `2048`, `"2048"`, `"120 GB"`, or a number of GB below 64 (`0.5`, `2`)."""
    number = _number(value, "gb", "memory", "2 GB or 2048")
    return round(number * MB_PER_GB) if number < 64 or _has_unit(value, "gb") else round(number)


def cpu_choices() -> str:
    """Return the supported CPU sizes as text, for error messages."""
    return ", ".join(_vcpu_text(units) for units in SUPPORTED)


def _has_unit(value: object, unit: str) -> bool:
    return str(value).strip().lower().endswith(unit)


def _number(value: object, unit: str, name: str, example: str) -> float:
    text = str(value).strip().lower().removesuffix(unit).strip()
    try:
        number = parse_number(text)
    except ValueError:
        number = -1.0
    if isinstance(value, bool) or not 0 < number < 1e6:
        msg = f"{name} = {value!r}, must be a size such as {example}"
        raise ValueError(msg)
    return number


def _vcpu_text(units: int) -> str:
    return f"{units / CPU_UNITS_PER_VCPU:.3g} vCPU"


def _gb_text(mb: int) -> str:
    return f"{mb / MB_PER_GB:.4g} GB"
