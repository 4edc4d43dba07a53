"""The notes about service times, word by word."""

from __future__ import annotations

from simulator.report.service_times.notes import service_time_notes
from simulator.report.service_times.part import (
    MeasuredLawPart,
    RejectedRatioPart,
    RouteServiceTimePart,
    ServiceTimePart,
    ServiceTimesPart,
)


def times(p50_s: float, requests: int = 5400) -> ServiceTimePart:
    return ServiceTimePart(requests=requests, p50_s=p50_s, p95_s=p50_s * 1.1, mean_s=p50_s * 1.01)


def route(path: str, measured_s: float, modelled_s: float, *differs: str) -> RouteServiceTimePart:
    return RouteServiceTimePart(
        service="shop",
        path=path,
        measured=times(measured_s),
        modelled=times(modelled_s, 6000),
        corrected=times(measured_s) if differs else None,
        chance=0.0351,
        differs=list(differs),
    )


LAW = MeasuredLawPart(service="shop", setting=["application", "simulated", "io"], yaml="136ms")
REJECTED = RejectedRatioPart(service="shop", measured=0.124, modelled=0.091, corrected=0.123)


def test_the_note_names_the_figures_the_effect_and_the_remedy() -> None:
    part = ServiceTimesPart(
        routes=[route("", 0.136, 0.103, "p50", "p95", "mean")], rejected=[REJECTED], laws=[LAW], no_law={}
    )
    (note,) = service_time_notes(part)
    assert (note.service, note.kind) == ("shop", "service time")
    assert note.text == (
        "Measured service time of real instances: median 136 ms, p95 150 ms, mean 137 ms (5,400 requests). The "
        "simulated application of the file in virtual time: median 103 ms, p95 113 ms, mean 104 ms. All requests: the "
        "median is 32 % longer (chance explains 3.5 %). Simulated instances answer too fast in virtual time: 9.10 % "
        "of the requests are rejected there, with the measured times 12.3 %, and 12.4 % in this run. Set "
        "`application.simulated.io` to what was measured (`--measured-service-time F.yaml` writes the file)"
    )


def test_paths_are_named_that_differ_and_a_law_that_cannot_be_has_a_reason() -> None:
    part = ServiceTimesPart(
        routes=[route("", 0.1, 0.11, "mean"), route("/a", 0.1, 0.1), route("/b", 0.2, 0.25, "p95")],
        rejected=[],
        laws=[],
        no_law={"shop": "it cannot"},
    )
    (note,) = service_time_notes(part)
    assert note.text.endswith(
        ". All requests: the mean is 9.1 % shorter (chance explains 3.5 %), /b: the p95 is 20 % shorter (chance "
        "explains 3.5 %). Simulated instances answer too slowly in virtual time. The measured times cannot be written "
        "as a law: it cannot"
    )


def test_no_difference_is_no_note() -> None:
    part = ServiceTimesPart(routes=[route("", 0.1, 0.1)], rejected=[REJECTED], laws=[], no_law={})
    assert service_time_notes(part) == []


def test_a_file_without_service_time_has_no_percentage() -> None:
    part = ServiceTimesPart(routes=[route("", 0.1, 0.0, "p50")], rejected=[], laws=[], no_law={})
    assert "the median is 100 ms longer (chance explains" in service_time_notes(part)[0].text


def test_if_only_the_slowest_requests_differ_the_note_is_about_these() -> None:
    whole = route("", 0.11, 0.11, "p95").model_copy(
        update={"measured": ServiceTimePart(requests=890, p50_s=0.109, p95_s=0.12, mean_s=0.1095)}
    )
    whole = whole.model_copy(update={"modelled": ServiceTimePart(requests=900, p50_s=0.11, p95_s=0.11, mean_s=0.11)})
    (note,) = service_time_notes(ServiceTimesPart(routes=[whole], rejected=[REJECTED], laws=[LAW], no_law={}))
    assert "All requests: the p95 is 9.1 % longer" in note.text
    assert "The slowest requests are answered too fast in virtual time: 9.10 %" in note.text
