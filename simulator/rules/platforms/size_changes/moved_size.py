"""The size that a platform gives to the instances of a service, if it does not offer the size of the scenario."""

from __future__ import annotations

from typing import NamedTuple

from simulator.model.sizes import InstanceSize
from simulator.model.text.quantities import digits_text
from simulator.rules.platforms.billing import PriceList
from simulator.rules.platforms.size_changes.instance_hour import instance_hour_usd
from simulator.rules.platforms.sizing.sizes import OfferedSize


class MovedSize(NamedTuple):
    """A change of size. `asked` is the scenario's, `taken` the platform's; `prices` are the platform's."""

    asked: InstanceSize
    taken: OfferedSize
    prices: PriceList

    @property
    def capacity_factor(self) -> float:
        """The CPU of an instance, and so the rate of requests with CPU work that it can serve, as a multiple."""
        return self.taken.size.vcpu / self.asked.vcpu

    @property
    def cpu_time_factor(self) -> float:
        """The time that the CPU work of a lone request takes, as a multiple. A request uses one vCPU at most."""
        return min(1.0, self.asked.vcpu) / min(1.0, self.taken.size.vcpu)

    @property
    def hour_usd(self) -> float | None:
        """USD for a busy hour of an instance; None if the platform charges machines and not instances."""
        return instance_hour_usd(self.prices, self.taken.size)

    @property
    def asked_hour_usd(self) -> float | None:
        """USD for such an hour at the scenario's size, if the platform offered it at the same rates; None if it has no
        rates that apply to any size.
        """
        return instance_hour_usd(self.prices, self.asked)

    def __str__(self) -> str:
        """Return the scenario's size, the platform's size, and the effects of the change."""
        why = "the largest that it offers" if self.taken.is_smaller else "the smallest that has as much"
        same = "takes the same time"
        longer = f"takes {digits_text(self.cpu_time_factor, 3)} times as long"
        parts = [
            f"{self.taken} for the scenario's {self.asked}, {why}",
            f"an instance has {digits_text(self.capacity_factor, 3)} times the CPU",
            f"the CPU work of a lone request {same if self.cpu_time_factor == 1 else longer}",
        ]
        if self.hour_usd is not None:
            price = f"a busy hour of an instance costs {digits_text(self.hour_usd, 3)} USD"
            before = self.asked_hour_usd
            if before is not None:
                price += " as before" if before == self.hour_usd else f" in place of {digits_text(before, 3)} USD"
            parts.append(price)
        return "; ".join(parts)
