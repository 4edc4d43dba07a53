"""Compares the service times of real instances with those that the same file has in virtual time.

After a run in real time, the scenario is played in virtual time with the same seed, hence with the same arrivals of
open sources. If the times differ by more than chance, the measured times are fitted as a law of the simulated
application, and the scenario is played with it. With CPU time, workers or downstream resources, a time at the instance
is not only what the law says, so the law is moved up to `FITS_MAX` times, share by share, and if that does not fit,
then from the beginning by the difference of the means. The law with the smallest difference is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import backend_of
from simulator.lab.measured.fit import ServiceFit
from simulator.lab.measured.law import Law
from simulator.lab.measured.routes import Route, chance_of, differing, figures_of, routes_of
from simulator.records.histogram import Histogram
from simulator.replay.runner import BrokenRun
from simulator.report.report import RunRecord
from simulator.report.schema import Report
from simulator.report.service_times.notes import service_time_notes
from simulator.report.service_times.part import RejectedRatioPart, RouteServiceTimePart, ServiceTimesPart
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec

FITS_MAX: Final = 4
CLOSE: Final = 0.02  # the law is not moved further if the times differ by at most this share


def with_service_times(
    report: Report, record: RunRecord, scenario: ScenarioSpec, *, is_touched: bool = False
) -> Report:
    """Return the report with the comparison as its part, and a note for each service whose times differ."""
    part = service_times(record, scenario, is_touched=is_touched)
    if part is None:
        return report
    return report.model_copy(update={"service_times": part, "notes": [*report.notes, *service_time_notes(part)]})


def service_times(
    record: RunRecord, scenario: ScenarioSpec, backend: str = AUTO, *, is_touched: bool = False
) -> ServiceTimesPart | None:
    """Return the comparison for a complete run in real time. `is_touched`: someone may have acted on the run, so that
    its rejected requests cannot be compared.

    None if no service has both applications and served requests, or if the scenario cannot be played in virtual time.
    """
    if not record.complete or not record.real_service_time:
        return None
    played = scenario.played_to_the_end().with_measured_paths()
    try:
        played.require("virtual")
        return _Comparison(record, played, backend).part(with_rejected=not is_touched)
    except (ScenarioError, BrokenRun, ValueError, OSError):
        return None  # the file has no run in virtual time that could mislead


class _Comparison:
    def __init__(self, record: RunRecord, scenario: ScenarioSpec, backend: str) -> None:
        self._record = record
        self._scenario = scenario
        self._play = backend_of(backend, FITS_MAX)
        self._modelled = self._play(scenario)
        self._routes = [
            route
            for service in scenario.services
            if service in scenario.measurable_services
            for route in routes_of(scenario, service)
            if self._measured_times(route).count and _times(self._modelled, route).count
        ]
        self._differs = {
            (route.service, route.path): differing(self._measured_times(route), _times(self._modelled, route))
            for route in self._routes
        }

    def part(self, *, with_rejected: bool) -> ServiceTimesPart | None:
        if not self._routes:
            return None
        services = list(dict.fromkeys(route.service for route in self._routes))
        differing_services = [
            each for each in services if any(names for (service, _), names in self._differs.items() if service == each)
        ]
        no_law = {each: why for each in differing_services if (why := ServiceFit.why_not(self._scenario, each))}
        fits = [
            ServiceFit(self._scenario, [route for route in self._routes if route.service == each], self._measured_times)
            for each in differing_services
            if each not in no_law
        ]
        corrected = self._fitted(fits) if fits else None
        fitted_services = {fit.service for fit in fits}
        return ServiceTimesPart(
            routes=[self._route_part(r, corrected if r.service in fitted_services else None) for r in self._routes],
            rejected=[self._rejected_part(each, corrected) for each in services if with_rejected],
            laws=[part for fit in fits for part in fit.parts()],
            no_law=no_law,
        )

    def _fitted(self, fits: Sequence[ServiceFit]) -> RunRecord:
        """Fit the laws, and return the last run in virtual time with them."""
        best: tuple[float, RunRecord, list[list[Law]]] | None = None
        for by_share in (True, False):
            last = self._modelled
            for fit in fits:
                fit.restore()
            for _ in range(FITS_MAX):
                for fit in fits:
                    fit.move(partial(_times, last), by_share=by_share)
                last = self._play(
                    self._scenario.with_services({fit.service: {"application": fit.application()} for fit in fits})
                )
                far = max(fit.distance(partial(_times, last)) for fit in fits)
                if best is None or far < best[0]:
                    best = far, last, [fit.laws for fit in fits]
                if far <= CLOSE:
                    return last
            if all(fit.is_io_only for fit in fits):
                break
        assert best is not None, "played at least once"
        for fit, laws in zip(fits, best[2], strict=True):
            fit.restore(laws)
        return best[1]

    def _measured_times(self, route: Route) -> Histogram:
        times, by_number = Histogram(), self._record.real_service_time
        for number in route.numbers:
            if number in by_number:
                times.merge(by_number[number])
        return times

    def _route_part(self, route: Route, corrected: RunRecord | None) -> RouteServiceTimePart:
        measured = self._measured_times(route)
        after = Histogram() if corrected is None else _times(corrected, route)
        return RouteServiceTimePart(
            service=route.service,
            path=route.path,
            measured=figures_of(measured),
            modelled=figures_of(_times(self._modelled, route)),
            corrected=figures_of(after) if after.count else None,
            chance=chance_of(measured),
            differs=self._differs[route.service, route.path],
        )

    def _rejected_part(self, service: str, corrected: RunRecord | None) -> RejectedRatioPart:
        return RejectedRatioPart(
            service=service,
            measured=_rejected_ratio(self._record, service),
            modelled=_rejected_ratio(self._modelled, service),
            corrected=None if corrected is None else _rejected_ratio(corrected, service),
        )


def _times(record: RunRecord, route: Route) -> Histogram:
    return record.stats_by_source.after_warm_up(route.numbers).service


def _rejected_ratio(record: RunRecord, service: str) -> float | None:
    stats = record.stats_by_source.after_warm_up(record.sources_of(service))
    return stats.rejected / stats.requests if stats.requests else None
