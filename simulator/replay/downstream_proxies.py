"""The proxies of a run in real time: one for each real server that an application of the scenario calls."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from simulator.fleet.network.downstream_proxy import DownstreamProxy, ProxiedResource
from simulator.fleet.ports import Driver, LoopbackListener
from simulator.model.times import RunTime
from simulator.platform.revision import ServicePlan
from simulator.records.journal import Journal
from simulator.replay.applications import downstream_resource
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.downstream_spec import DownstreamSpec, split_address
from simulator.world.random_streams import RandomStreams

HOST: Final = "127.0.0.1"
_BACKLOG: Final = 512
_DELAYS: Final = 256  # sampled at a time


class DownstreamProxies:
    """Listens on this machine's loopback, one port for each service and resource. Create it on the loop of the run.

    `scenario` is the given one with the addresses in the environments of its applications. Close it in every case.
    Raises OSError if no port is available.
    """

    def __init__(
        self, scenario: ScenarioSpec, streams: RandomStreams, journal: Journal, at_s: Callable[[], RunTime]
    ) -> None:
        self._streams, self._journal, self._at_s = streams, journal, at_s
        self._resources: dict[str, ProxiedResource] = {}
        self._proxies: dict[tuple[str, str], DownstreamProxy] = {}
        self._listening: dict[tuple[str, str], socket.socket] = {}
        try:
            for service, application in _real_applications(scenario):
                for name, use in application.downstream.items():
                    if use.at is not None and (service, name) not in self._proxies:
                        self._add(service, name, use)
        except OSError:
            for listening in self._listening.values():
                listening.close()
            raise
        self._ports = {key: int(listening.getsockname()[1]) for key, listening in self._listening.items()}
        self.scenario = self._with_addresses(scenario)

    async def open(self) -> None:
        """Start serving."""
        for key, listening in self._listening.items():
            await self._proxies[key].serve(listening)
        self._listening.clear()

    def listen_inside(self, plan: ServicePlan, driver: Driver) -> Driver:
        """Listen on the loopback of each instance too, at the same port, if instances have one of their own."""
        loopback = driver.own_loopback
        for (user, name), proxy in self._proxies.items():
            if loopback is not None and user == plan.settings.service:
                loopback.add_listener(LoopbackListener(self._ports[user, name], proxy.serve))
        return driver

    async def close(self) -> None:
        for proxy in self._proxies.values():
            await proxy.close()
        for listening in self._listening.values():
            listening.close()

    def _add(self, service: str, name: str, use: DownstreamSpec) -> None:
        resource = self._resources.get(name)
        if resource is None:
            assert use.at is not None, "only servers have a proxy"
            distribution, rng = use.delay.distribution, self._streams.stream("downstream", name, "delay")
            portions = (distribution.draw(rng, _DELAYS).tolist() for _ in itertools.repeat(None))
            delays: Iterator[float] = itertools.chain.from_iterable(portions)
            given = downstream_resource(name, use)
            resource = ProxiedResource(given, *split_address(use.at), delays, self._journal, self._at_s)
            self._resources[name] = resource
        self._listening[service, name] = socket.create_server((HOST, 0), backlog=_BACKLOG)
        self._proxies[service, name] = DownstreamProxy(resource, service, use.timeout_s)

    def _with_addresses(self, scenario: ScenarioSpec) -> ScenarioSpec:
        services = {
            name: service.model_copy(update={"application": self._application(name, service.application)})
            for name, service in scenario.services.items()
        }
        timeline = tuple(
            event.model_copy(
                update={
                    "deploy": event.deploy.model_copy(
                        update={"application": self._application(event.deploy.service, event.deploy.application)}
                    )
                }
            )
            if event.deploy is not None and event.deploy.application is not None
            else event
            for event in scenario.timeline
        )
        return scenario.model_copy(update={"services": services, "timeline": timeline})

    def _application(self, service: str, application: ApplicationSpec) -> ApplicationSpec:
        """Return the application with the addresses of its proxies in its environment."""
        ports = {name: self._ports[service, name] for name in application.downstream if (service, name) in self._ports}
        for kind in ("process", "container"):
            part = getattr(application, kind)
            if part is not None and ports:
                told = part.model_copy(update={"environment": with_addresses(part.environment, ports)})
                return application.model_copy(update={kind: told})
        return application


def _real_applications(scenario: ScenarioSpec) -> Iterator[tuple[str, ApplicationSpec]]:
    """Yield the real applications of a scenario with their services, those of its deployments included."""
    for name, service in scenario.services.items():
        if service.application.is_real:
            yield name, service.application
    for event in scenario.timeline:
        if event.deploy is not None and event.deploy.application is not None and event.deploy.application.is_real:
            yield event.deploy.service, event.deploy.application


def with_addresses(environment: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return the variables with `${downstream.NAME}` replaced by the address of NAME's proxy, after `NAME_HOST` and
    `NAME_PORT` of each, which the application's own variables override.
    """
    variables: dict[str, str] = {}
    for name, port in ports.items():
        prefix = name.upper().replace("-", "_")
        variables |= {f"{prefix}_HOST": HOST, f"{prefix}_PORT": str(port)}
    for variable, value in environment.items():
        text = value
        for name, port in ports.items():
            text = text.replace(f"${{downstream.{name}}}", f"{HOST}:{port}")
        variables[variable] = text
    return variables
