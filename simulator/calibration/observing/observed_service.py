"""The service that is observed: one service of a scenario, whose settings let a single instance take all requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from simulator.calibration.observation.observation import ObservedRoute
from simulator.model.sizes import InstanceSize
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.sections.policy_spec import policy_named
from simulator.scenario.sections.service_spec import OverflowSpec

# App Runner's maximum (facts 4.2). With less, the platform would reject requests that the application could take.
MAX_CONCURRENCY: Final = 200
NAME: Final = "app"

# What an observed service does not have, because it would change which requests reach the instance, and when.
_WITHOUT: Final[Mapping[str, object]] = {
    "platform": None,
    "load_balancer": None,
    "web_acl": None,
    "capacity": None,
    "instance_lifetime": None,
    "initial_size": None,
    "route_after_s": 0.0,
}


@dataclass(frozen=True, slots=True)
class RouteLoad:
    """The requests of a route, as they are sent. `name` is that of the observation, by default method and path."""

    path: str = "/"
    method: str = "GET"
    weight: float = 1.0
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    request_bytes: int = 0
    response_bytes: int = 0
    name: str = ""

    @property
    def body_bytes(self) -> int:
        """Bytes of the request's body."""
        return self.request_bytes if self.body is None else len(self.body.encode())

    @property
    def observed(self) -> ObservedRoute:
        """The route as the observation names it."""
        name = self.name or f"{self.method} {self.path.partition('?')[0]}"
        return ObservedRoute(name, self.weight, self.path, self.body_bytes)

    @property
    def request(self) -> dict[str, Any]:
        """The request as an entry of `requests` in a scenario file."""
        sizes = {"request_size": self.request_bytes, "response_size": self.response_bytes}
        body = {} if self.body is None else {"body": self.body}
        given = {key: value for key, value in sizes.items() if value and not (key == "request_size" and body)}
        return {"path": self.path, "method": self.method, "headers": dict(self.headers), **body, **given}


@dataclass(frozen=True, slots=True, eq=False)
class ObservedService:
    """The service, as a scenario without traffic, and the routes that are requested.

    `target` names it for users. `max_concurrency`: requests in progress that the instance gets at most.
    """

    target: str
    scenario: ScenarioSpec
    routes: tuple[RouteLoad, ...]
    max_concurrency: int = MAX_CONCURRENCY

    @classmethod
    def of_application(
        cls,
        application: Mapping[str, Any],
        size: InstanceSize,
        routes: tuple[RouteLoad, ...],
        *,
        target: str,
        folder: Path = Path(),
        service: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the service of an `application` section, written as in a scenario file.

        `service` has further keys of the service. Paths in them are relative to `folder`.

        Raises:
            ScenarioError: if a scenario file could not have these sections.
        """
        section = {
            **(service or {}),
            "cpu": f"{size.vcpu:g} vCPU",
            "memory": f"{size.memory_gb:g} GB",
            "application": dict(application),
        }
        document: dict[str, Any] = {"version": 1, "duration": "1s", "services": {NAME: section}}
        return cls(target, read_scenario(json.dumps(document), file=target, folder=folder), routes)

    @property
    def name(self) -> str:
        """The name of the service in its scenario."""
        return next(iter(self.scenario.services))

    @property
    def runs_already(self) -> bool:
        """True if its instance is a server that the simulator neither starts nor limits."""
        return self.scenario.services[self.name].application.running is not None

    @property
    def size(self) -> InstanceSize:
        return self.scenario.services[self.name].size

    @property
    def weights(self) -> list[float]:
        """The shares of the routes, which add up to 1."""
        total = sum(route.weight for route in self.routes)
        return [route.weight / total for route in self.routes]

    def prepared(self, **changes: object) -> ScenarioSpec:
        """Return the scenario in which a single instance, which exists from the start, takes all requests.

        `changes` are further fields of the service.
        """
        given = {
            **_WITHOUT,
            "max_concurrency": self.max_concurrency,
            "min_size": 1,
            "max_size": 1,
            "policy": policy_named("fixed"),
            "overflow": OverflowSpec.unchanged(),
            "startup_probe_s": 0.0,
            **changes,
        }
        return self.scenario.with_services({self.name: given})
