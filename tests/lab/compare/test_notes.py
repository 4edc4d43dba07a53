"""Notes above a comparison: rows that are equal, and notes that several candidates share."""

from __future__ import annotations

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.notes import case_notes, equal_rows
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.policy_fit import NoteKind, PolicyNote
from tests.lab.compare.compare_scenarios import STEP
from tests.lab.compare.comparisons import row_of


def test_equal_oracles_are_one_row_and_never_one_with_a_candidate() -> None:
    names = ["configured", "hpa", "oracle", "oracle on app-runner", "oracle as hpa"]
    rows = [row_of(name, {}).model_copy(update={"values": {"run_usd": [1.0, 2.0]}}) for name in names]
    assert equal_rows(rows) == [["configured", "hpa"], ["oracle", "oracle on app-runner"]]


def notes(found: dict[str, list[PolicyNote]]) -> list[str]:
    candidates = candidates_of(list(found), [], {}, OnPolicyError.STOP)
    rows = [row_of(name, {}).model_copy(update={"decisions": 1}) for name in found]
    said = case_notes(candidates, read_scenario(STEP), "web", rows, found)
    return [note for note in said if not note.startswith(("Equal ", "Adapted "))]


def note(policy: str, kind: NoteKind, predicate: str, *, is_history: bool = False) -> list[PolicyNote]:
    return [PolicyNote("web", policy, kind, f"{policy} {predicate}", 60.0, is_history)]


def test_notes_that_differ_only_by_the_policy_are_one_line_with_the_names() -> None:
    unable = "scales on CPU; web uses none, so it cannot scale out"
    assert notes(
        {
            "hpa": note("hpa", NoteKind.CANNOT_ACT, unable),
            "knative": note("knative", NoteKind.BROUGHT, "brings an overflow queue"),
            "configured": note("predictive-hpa", NoteKind.CANNOT_ACT, unable),
            "keda": note("keda", NoteKind.CANNOT_ACT, "has no trigger"),
            "keda-http": note("keda-http", NoteKind.BROUGHT, "brings an overflow queue"),
        }
    ) == [
        f"Warning: hpa, configured (predictive-hpa): each {unable}",
        "Warning: keda has no trigger",
        "No ground truth (`simulator validate` has no measurement of it): keda-http",
        "knative, keda-http: each brings an overflow queue",
    ]


def test_histories_are_grouped_and_windows_are_one_list() -> None:
    forecasts = "forecasts after 24h00m00s of history"
    assert notes(
        {
            "holt-winters": note("holt-winters", NoteKind.LIMITED, forecasts, is_history=True),
            "configured": note("holt-winters", NoteKind.LIMITED, forecasts, is_history=True),
            "keda": note("keda", NoteKind.LIMITED, "needs a minute"),
        }
    ) == [
        "1m00s show only a part of the behaviour of these; the slowest window or delay of each: keda (1m00s)",
        f"holt-winters, configured (holt-winters): each {forecasts}",
    ]


def test_candidates_whose_platform_was_never_measured_are_named() -> None:
    scenario = read_scenario(STEP)
    service = next(iter(scenario.services))
    candidates = candidates_of(["fixed", "fly", "knative", "heroku"], ["app-runner"], {})
    notes = case_notes(candidates, scenario, service, [], {candidate.label: [] for candidate in candidates})
    (note,) = [note for note in notes if note.startswith("No ground truth")]
    assert note.endswith(": fly, heroku")
