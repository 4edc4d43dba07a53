"""Pulls of an image by the machines on which instances are placed: the machine, the layers that it lacks, and the time.

A machine downloads one layer after the other, each at its full bandwidth, and unpacks one layer after the other while
the next ones are downloaded. Layers that two versions of an image share have the same name. A machine that already has
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

    NEW = "new"  # each on a new machine, which has no layers
    SPREAD = "spread"  # on the machine with the fewest instances
    PACK = "pack"  # on the fullest machine with room for one more, else on a new one


@dataclass(frozen=True, slots=True)
class ImageToPull:
    """An image, and how machines pull it. `layers` has the compressed bytes by layer name, in the order of the image.

    `bandwidth` and `unpack` are compressed bytes per second of one machine. `machines` is the number of machines with
    SPREAD, `per_machine` the greatest number of instances on one machine with PACK. `keep_s` is how long a machine
    without instances keeps its layers, in seconds.
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
        """Seconds that a machine without layers needs for a pull."""
        return Machine(0).pull(self, 0.0).took_s


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull for one instance.

    `pulled_bytes` is the size of the layers that the machine lacked, `took_s` the seconds until all layers are
    unpacked.
    """

    machine: Machine
    pulled_bytes: int
    took_s: float


@dataclass(slots=True, eq=False)
class Machine:
    """A machine with instances of a service. `_layer_ready_s` has the time at which each layer that it has or pulls is
    unpacked.
    """

    number: int
    instances: int = 0
    left_s: float = 0.0  # time at which its last instance ended
    _layer_ready_s: dict[str, float] = field(default_factory=dict)
    _link_free_s: float = -math.inf
    _unpacked_s: float = -math.inf

    def pull(self, image: ImageToPull, now_s: float) -> Pull:
        """Begin to pull the layers that the machine lacks."""
        done_s, pulled = now_s, 0
        for name, size in image.layers.items():
            if name not in self._layer_ready_s:
                self._link_free_s = max(now_s, self._link_free_s) + size / image.bandwidth
                self._unpacked_s = max(self._unpacked_s, self._link_free_s) + size / image.unpack
                self._layer_ready_s[name] = self._unpacked_s
                pulled += size
            done_s = max(done_s, self._layer_ready_s[name])
        return Pull(self, pulled, done_s - now_s)

    def clear(self, now_s: float, keep_s: float) -> bool:
        """Remove all layers if the machine has been without instances for more than `keep_s`; return True if it has."""
        is_over = not self.instances and now_s - self.left_s > keep_s
        if is_over:
            self._layer_ready_s.clear()
        return is_over


class Machines:
    """The machines of one service. All times are of one clock and do not decrease from call to call."""

    def __init__(self) -> None:
        self._machines: list[Machine] = []
        self._latest = 0

    def enter(self, image: ImageToPull, now_s: float) -> Pull:
        """Choose a machine for a new instance, and begin the pull of the image there."""
        machine = self._chosen(image, now_s)
        machine.instances += 1
        return machine.pull(image, now_s)

    def leave(self, machine: Machine, now_s: float) -> None:
        """Remove an instance from its machine."""
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
