"""Pulls of an image by the machines on which instances are placed: which machine, which layers it lacks, how long.

A machine downloads one layer after the other, each with its whole bandwidth, and unpacks one layer after the other
while the next ones arrive. Layers that an image shares with another version have the same name, and a machine that has
a layer, or is pulling it for another instance, does not pull it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never


class Placement(StrEnum):
    """How instances are placed on machines."""

    NEW = "new"  # each on a machine of its own, which has no layers
    SPREAD = "spread"  # on the one with the fewest instances
    PACK = "pack"  # on the fullest one that has room, else on a new one


@dataclass(frozen=True, slots=True)
class ImageToPull:
    """An image, and the machines that pull it. `layers`: compressed bytes by name, in the order of the image.

    `bandwidth`, `unpack`: compressed bytes per second of one machine. `machines`: their number with SPREAD;
    `per_machine`: most instances of one with PACK. `keep_s`: how long a machine without instances keeps its layers.
    """

    layers: Mapping[str, int]
    bandwidth: float
    unpack: float = math.inf
    placement: Placement = Placement.NEW
    machines: int = 1
    per_machine: int = 1
    keep_s: float = math.inf

    @property
    def cold_pull_s(self) -> float:
        """The time of a pull by a machine without layers."""
        return Machine(0).pull(self, 0.0).took_s


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull for one instance. `pulled_bytes`: of layers that the machine lacked; `took_s`: until all are unpacked."""

    machine: Machine
    pulled_bytes: int
    took_s: float


@dataclass(slots=True, eq=False)
class Machine:
    """A machine with instances of a service, and the layers that it has or pulls: name -> when it is unpacked."""

    number: int
    instances: int = 0
    left_s: float = 0.0  # when its last instance ended
    _there_s: dict[str, float] = field(default_factory=dict)
    _link_free_s: float = -math.inf
    _unpacked_s: float = -math.inf

    def pull(self, image: ImageToPull, now_s: float) -> Pull:
        """Begin to pull what it lacks."""
        done_s, pulled = now_s, 0
        for name, size in image.layers.items():
            if name not in self._there_s:
                self._link_free_s = max(now_s, self._link_free_s) + size / image.bandwidth
                self._unpacked_s = max(self._unpacked_s, self._link_free_s) + size / image.unpack
                self._there_s[name] = self._unpacked_s
                pulled += size
            done_s = max(done_s, self._there_s[name])
        return Pull(self, pulled, done_s - now_s)

    def clear(self, now_s: float, keep_s: float) -> bool:
        """Remove the layers that it has kept for too long; return whether it did."""
        is_over = not self.instances and now_s - self.left_s > keep_s
        if is_over:
            self._there_s.clear()
        return is_over


class Machines:
    """The machines of one service. Times are those of one clock and do not decrease."""

    def __init__(self) -> None:
        self._machines: list[Machine] = []
        self._latest = 0

    def enter(self, image: ImageToPull, now_s: float) -> Pull:
        """Place an instance, and begin the pull of its image."""
        machine = self._chosen(image, now_s)
        machine.instances += 1
        return machine.pull(image, now_s)

    def leave(self, machine: Machine, now_s: float) -> None:
        """End an instance of the machine."""
        machine.instances -= 1
        machine.left_s = now_s

    def _chosen(self, image: ImageToPull, now_s: float) -> Machine:
        match image.placement:
            case Placement.NEW:
                return self._new()
            case Placement.SPREAD:
                while len(self._machines) < image.machines:
                    self._machines.append(self._new())
                found = self._machines[: image.machines]
                for machine in found:
                    machine.clear(now_s, image.keep_s)
                return min(found, key=lambda machine: (machine.instances, machine.number))
            case Placement.PACK:
                self._machines = [each for each in self._machines if not each.clear(now_s, image.keep_s)]
                free = [each for each in self._machines if each.instances < image.per_machine]
                if not free:
                    self._machines.append(self._new())
                    return self._machines[-1]
                return min(free, key=lambda machine: (-machine.instances, machine.number))
            case _:
                assert_never(image.placement)

    def _new(self) -> Machine:
        self._latest += 1
        return Machine(self._latest)
