"""Stages at which a model differs from the measurement are named with the figure, the rate and the difference."""

from __future__ import annotations

from simulator.calibration.disagreement import disagreements, far_figures, near
from simulator.calibration.model.calibrated_model import ComparedFigure, FigureName, StageFit


def stage(
    rate_rps: float, modelled: float, name: FigureName = "p95_s", error: float = 0.001, route: str = ""
) -> StageFit:
    """Return a stage with a measured figure of 0.1."""
    figure = ComparedFigure(name=name, measured=0.1, modelled=modelled, standard_error=error)
    return StageFit(stage=1, rate_rps=rate_rps, route=route, figures=(figure,))


def test_a_figure_that_is_far_is_named_with_its_rate() -> None:
    stages = [stage(50, 0.13), stage(20, 0.104), stage(75, 0.08)]
    (sentence,) = disagreements(stages)
    assert sentence.startswith("The p95 of the model differs from the measured one by more than chance: ")
    assert "+30 % at 50.0/s, -20 % at 75.0/s" in sentence
    assert "20.0/s" not in sentence.replace("-20 %", "")


def test_what_chance_explains_is_not_named() -> None:
    assert list(disagreements([stage(50, 0.13, error=0.02)])) == []


def test_routes_are_not_named_as_all_requests() -> None:
    assert far_figures([stage(50, 0.2, route="GET /")], "p95_s") == []


def test_a_sentence_names_the_four_largest() -> None:
    stages = [stage(10.0 * number, 0.1 + 0.02 * number) for number in range(1, 7)]
    (sentence,) = disagreements(stages)
    assert "+120 % at 60.0/s, +100 % at 50.0/s, +80 % at 40.0/s, +60 % at 30.0/s and 2 more" in sentence


def test_a_rate_has_the_differences_of_the_stages_beside_it() -> None:
    stages = [stage(20, 0.2), stage(40, 0.1), stage(60, 0.15), stage(80, 0.3)]
    assert near(stages, "p95_s", 10) == far_figures(stages, "p95_s")[0]
    assert near(stages, "p95_s", 50) == far_figures(stages, "p95_s")[1]
    assert near(stages, "p95_s", 40) is None
    assert near(stages, "p50_s", 50) is None
    assert near([], "p95_s", 50) is None
