"""Fits the simulated application of a service to the service times that were measured on real instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulator.lab.measured.law import Law, law_spec, law_yaml
from simulator.lab.measured.routes import Route, differing, distance
from simulator.records.histogram import Histogram
from simulator.report.service_times.part import MeasuredLawPart
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.simulated.simulated_spec import PathSpec, SimulatedSpec
from simulator.world.random_streams import RandomStreams

Times = Callable[[Route], Histogram]

_PLACE: Final = ("application", "simulated")
_OTHERS_DEPLOYED: Final = "the timeline deploys another application, whose times are among those measured"


@dataclass(slots=True)
class _FittedRoute:
    """A route with its law in the file and the fitted one. `path`: the path that has its own law; empty: all paths."""

    route: Route
    path: str
    given: Law
    fitted: Law

    def changed(self) -> Iterator[tuple[str, Sequence[float]]]:
        """Yield the keys of the file whose value changes, with the new one."""
        for key, given_s, fitted_s in (
            ("cpu", self.given.cpu_s, self.fitted.cpu_s),
            ("io", self.given.io_s, self.fitted.io_s),
        ):
            if not np.array_equal(given_s, fitted_s):
                yield key, fitted_s.tolist()


class ServiceFit:
    """The laws of one service: one for all its requests, or one for each path if paths differ, in the file or as
    measured.
    """

    def __init__(self, scenario: ScenarioSpec, routes: Sequence[Route], measured: Times) -> None:
        """Begin with the laws of the file. `routes`: those of the service that were measured, all requests first."""
        whole, *paths = routes
        self.service = whole.service
        self._measured = measured
        self._application = scenario.services[self.service].application
        rng = RandomStreams(scenario.seed).stream("service", self.service, "measured law")
        simulated = self._simulated
        if simulated.paths and not paths:
            paths = [Route(whole.service, _only_path(scenario, self.service), whole.numbers)]
        elif not any(differing(measured(route), measured(paths[0])) for route in paths[1:]) and not simulated.paths:
            paths = []
        self._fitted = [
            _FittedRoute(route, path, given := _law_of(simulated, path, rng), given)
            for route, path in ([(route, route.path) for route in paths] or [(whole, "")])
        ]

    @staticmethod
    def why_not(scenario: ScenarioSpec, service: str) -> str:
        """Return why the application of the service cannot be fitted; empty if it can."""
        deploys = (event.deploy for event in scenario.timeline if event.deploy is not None)
        others = any(each.application is not None and each.service in {"", service} for each in deploys)
        return _OTHERS_DEPLOYED if others else ""

    @property
    def laws(self) -> list[Law]:
        """The current laws, for `restore`."""
        return [each.fitted for each in self._fitted]

    def restore(self, laws: Sequence[Law] | None = None) -> None:
        """Return to these laws; without any, to those of the file."""
        for number, each in enumerate(self._fitted):
            each.fitted = each.given if laws is None else laws[number]

    def move(self, modelled: Times, *, by_share: bool) -> None:
        """Move the laws by the differences between measured and modelled times (`Law.moved`)."""
        for each in self._fitted:
            measured = self._measured(each.route)
            if not modelled(each.route).count:
                continue
            if self.is_io_only and each.fitted is each.given:
                each.fitted = each.fitted.without_cpu(measured)
            else:
                each.fitted = each.fitted.moved(measured, modelled(each.route), by_share=by_share)

    def distance(self, modelled: Times) -> float:
        """Return the largest relative difference of a figure between measured times and those with the laws."""
        return max(
            distance(self._measured(each.route), modelled(each.route))
            for each in self._fitted
            if modelled(each.route).count
        )

    @property
    def is_io_only(self) -> bool:
        """True if the time at an instance is only what `io` says."""
        simulated = self._simulated
        others = simulated.workers is not None or simulated.depends_on_size or self._application.downstream
        return not others and not any(each.given.cpu_s.any() for each in self._fitted)

    def application(self) -> ApplicationSpec:
        """Return the application with the fitted laws."""
        update: dict[str, Any] = {}
        paths = dict(self._simulated.paths)
        for each in self._fitted:
            laws = {key: law_spec(values_s) for key, values_s in each.changed()}
            if each.path:
                paths[each.path] = paths.get(each.path, PathSpec.unchanged()).model_copy(update=laws)
            else:
                update |= laws
        simulated = self._simulated.model_copy(update=update | {"paths": paths})
        return self._application.model_copy(update={"simulated": simulated})

    def parts(self) -> list[MeasuredLawPart]:
        """Return the changes to the scenario file."""
        return [
            MeasuredLawPart(
                service=self.service,
                setting=[*_PLACE, *(["paths", each.path] if each.path else []), key],
                yaml=law_yaml(values_s),
            )
            for each in self._fitted
            for key, values_s in each.changed()
        ]

    @property
    def _simulated(self) -> SimulatedSpec:
        assert self._application.simulated is not None, "only services with a simulated application are compared"
        return self._application.simulated


def _law_of(simulated: SimulatedSpec, path: str, rng: np.random.Generator) -> Law:
    given = simulated.paths.get(path, PathSpec.unchanged())
    return Law.of(given.cpu or simulated.cpu, given.io or simulated.io, rng)


def _only_path(scenario: ScenarioSpec, service: str) -> str:
    index = scenario.sources_of(service)[0]
    return scenario.numbers.kinds(index)[0].path.partition("?")[0]
