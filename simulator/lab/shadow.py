"""Shadow policies of a run, on either clock: they decide on its metrics without effect (platform/scaling/shadow.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.platform.platform import Platform
from simulator.platform.scaling.shadow import Divergence, Shadow
from simulator.records.events import SecondClosed
from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened
from simulator.replay.service_plans import build_policy
from simulator.rules.policies.port import Policy, Sample
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.policy_fit import PolicyNote, policy_notes


class Shadows:
    """The shadow policies of a run. Call `follow` before the run; read `divergences` after it."""

    def __init__(self, scenario: ScenarioSpec, policies: Sequence[str]) -> None:
        """Create the policies.

        Raises:
            ValueError: for a policy that does not exist or does not fit the scenario.
        """
        self.divergences: list[Divergence] = []
        self.notes: list[PolicyNote] = policy_notes(scenario)
        self._made: dict[str, list[tuple[Policy, frozenset[str]]]] = {name: [] for name in scenario.services}
        for given in policies:
            shadowed = scenario.with_policy(given, OnPolicyError.HOLD)
            shadowed.require("virtual")
            # A shadow observes the metrics of the run as it is: platform settings of the shadow policy are not applied.
            alone = {name: {"policy": service.policy} for name, service in shadowed.services.items()}
            self.notes += policy_notes(scenario.with_services(alone))
            for name, service in shadowed.services.items():
                self._made[name].append((build_policy(shadowed, name), service.policy.needs))

    def follow(self, journal: Journal) -> None:
        """Observe the run whose events are published in `journal`."""
        journal.subscribe(PlatformOpened, lambda opened: self._attach(opened.platform))

    def _attach(self, platform: Platform) -> None:
        listening: dict[str, list[Callable[[Sample], None]]] = {}
        for name, made in self._made.items():
            service = platform.services[name]
            shadows = [Shadow(service, policy, needs, platform.clock.at_s) for policy, needs in made]
            self.divergences += [shadow.divergence for shadow in shadows]
            listening[name] = [shadow.second_closed for shadow in shadows]

        def closed(second: SecondClosed) -> None:
            for listen in listening.get(second.service, ()):
                listen(second.sample)

        platform.journal.subscribe(SecondClosed, closed)
