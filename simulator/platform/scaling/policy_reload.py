"""Reads a policy of the user's again when its file has changed, while services run.

The new version replaces the old one only if it works: it is loaded, made, shown the last minutes of every service, and
asked for a decision that is not carried out. Otherwise the old version stays, and the reason is reported with file and
line. A version that takes over has seen those minutes too, so its averages do not begin at nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.platform import Platform, Service
from simulator.platform.scaling.policy_choice import PolicyChoice, hear_failures
from simulator.records.events import RevisionSwitched, SecondClosed
from simulator.rules.policies.port import Observation, Policy, Sample
from simulator.scenario.user_policy import UserPolicyError

LOOK_S: Final = 0.5  # between looks at the file
SECONDS_KEPT: Final = 300

_NOTHING: Final = Observation(0.0, 1, 0, 0, 0, AutoScalingConfiguration())  # a new service without requests
_Version = tuple[int, int, int]


class PolicyReload:
    """Keeps the policies of the services as their file is. `tell` receives what happened to a changed file; `failed`
    the failures of a version that acts, with the name of the service.
    """

    def __init__(
        self,
        platform: Platform,
        choice: PolicyChoice,
        tell: Callable[[str], None],
        failed: Callable[[str, str], None],
        follow: Callable[[Service, Policy], None] | None = None,
    ) -> None:
        """`follow`: puts a policy of the new version in its place; None: at the service's autoscaler."""
        self._follow = follow or _act
        self._platform = platform
        self._choice = choice
        self._tell = tell
        self._failed = failed
        self._seen: defaultdict[str, deque[Sample]] = defaultdict(lambda: deque(maxlen=SECONDS_KEPT))
        self._version = self._look()
        # Those that scale or have scaled: each has a policy.
        self._scaled = {name: None for name, service in platform.services.items() if service.revision is not None}
        platform.journal.subscribe(RevisionSwitched, self._switched)
        platform.journal.subscribe(SecondClosed, lambda closed: self._seen[closed.service].append(closed.sample))

    async def run(self) -> None:
        """Look at the file without end."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.follow_file()

    def follow_file(self) -> None:
        """Use the file as it is now, if it has changed and works."""
        version = self._look()
        if version == self._version:
            return
        self._version = version
        try:
            new = self._choice.read_again()
            made = [(service, self._proved(new, service)) for service in self._services()]
            if not made:
                _try(new.build(InstanceSize(), _NOTHING.scaling), (), _NOTHING)
        except (ValueError, UserPolicyError) as error:
            self._tell(f"policy {self._choice.text}: the changed file is not used, the previous version stays: {error}")
            return
        self._choice.adopt(new)
        for service, policy in made:
            self._take_over(service, policy)
        names = ", ".join(service.name for service, _ in made) or "no service yet"
        self._tell(f"policy {self._choice.text}: the changed file is used now, for {names}")

    def _look(self) -> _Version | None:
        """Return what changes with every save; None while there is no file, as between two steps of an editor."""
        assert self._choice.file is not None, "a policy of the registry has no file"
        try:
            found = self._choice.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _switched(self, event: RevisionSwitched) -> None:
        service = self._platform.services.get(event.service)
        if service is not None and service.revision is not None:
            self._scaled[event.service] = None

    def _services(self) -> list[Service]:
        """Return the services that scale or have scaled."""
        for gone in [name for name in self._scaled if name not in self._platform.services]:
            del self._scaled[gone]
            self._seen.pop(gone, None)
        return [self._platform.services[name] for name in self._scaled]

    def _proved(self, choice: PolicyChoice, service: Service) -> Policy:
        """Return a policy of the service that has seen its last minutes, if another of the kind decides without error.

        Raises:
            UserPolicyError: if it fails.
        """
        seen = self._seen[service.name]
        _try(self._made(choice, service), seen, service.autoscaler.observation())
        policy = self._made(choice, service)
        for sample in seen:
            policy.observe(sample)
        return policy

    def _made(self, choice: PolicyChoice, service: Service) -> Policy:
        before = service.autoscaler
        return choice.build(before.settings.size, before.observation().scaling)

    def _take_over(self, service: Service, policy: Policy) -> None:
        name = service.name
        hear_failures(policy, lambda line: self._failed(name, line))
        self._follow(service, policy)


def _act(service: Service, policy: Policy) -> None:
    service.autoscaler.follow(policy)


def _try(policy: Policy, seen: Iterable[Sample], now: Observation) -> None:
    """Let a policy that is not used decide. Raises UserPolicyError if it fails."""
    failures: list[str] = []
    hear_failures(policy, failures.append)
    for sample in seen:
        policy.observe(sample)
        if failures:
            break
    else:
        policy.decide(now)
    if failures:
        raise UserPolicyError(failures[0])
