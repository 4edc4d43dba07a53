"""The figures of a run, computed again: by numpy from its requests, and from the published prices."""

import io
from pathlib import Path

import numpy as np
import pytest

from simulator.lab.tune.days import Condition, Day, on_day
from simulator.lab.tune.play_setting import Asked, PlayedDay, play_day
from simulator.lab.tune.slo import parse_objective, parse_slo
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import ScenarioText
from tests.lab.tune.known_service import SCENARIO

CHANGES = {"max_concurrency": 2, "min_size": 2, "max_size": 4}
# aws.amazon.com/apprunner/pricing, US East: USD per GB-hour provisioned, and per vCPU-hour active
GB_HOUR, VCPU_HOUR = 0.007, 0.064
HOURS_A_MONTH = 730


@pytest.fixture(name="asked")
def _asked(tmp_path: Path) -> Asked:
    file = tmp_path / "known.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    slo = parse_slo("p95 < 300 ms, error_rate < 1 %")
    return Asked((ScenarioText.of(file),), slo.parts, parse_objective("usd").check, "event-loop", 1)


@pytest.mark.parametrize("condition", [Condition.AS_GIVEN, Condition.TRAFFIC])
def test_the_figures_of_the_slo_are_those_of_the_requests(asked: Asked, condition: Condition) -> None:
    day = Day(0, 11, condition)
    figures = play_day(asked, PlayedDay(0, tuple(CHANGES.items()), day))
    assert figures.error == ""
    rows = io.StringIO()
    scenario = on_day(asked.sources[0].scenario(CHANGES), day)
    play(Run(scenario, csv=rows), signals=False)
    header, *lines = rows.getvalue().splitlines()
    place = {name: number for number, name in enumerate(header.split(","))}
    values = [line.split(",") for line in lines]
    status = np.array([int(row[place["status"]]) for row in values])
    latency_s = np.array([float(row[place["latency_s"]]) for row in values])[status == 200]
    assert figures.error_rate == figures.slo[1] == pytest.approx((status != 200).mean())
    assert (status == 429).any()
    # the histogram of the latency has buckets of 0.8 %
    assert figures.slo[0] == pytest.approx(np.quantile(latency_s, 0.95, method="inverted_cdf"), rel=0.01)


def test_the_cost_is_that_of_the_published_prices(asked: Asked) -> None:
    day = Day(0, 11)
    figures = play_day(asked, PlayedDay(0, tuple(CHANGES.items()), day))
    record = play(Run(on_day(asked.sources[0].scenario(CHANGES), day)), signals=False)
    (service,) = record.services
    # on a grid of 10 ms: seconds in which an instance exists, and in which its vCPU is billed, a minute at least
    at_s = np.arange(0.0, record.ended_s, 0.01)
    provisioned_s = vcpu_s = 0.0
    for usage in service.usages:
        end_s = usage.launched_s + usage.provisioned_s
        provisioned_s += ((at_s >= usage.launched_s) & (at_s < end_s)).sum() * 0.01
        billed = np.zeros(len(at_s), bool)
        for begin_s, activation_end_s in usage.activations:
            billed |= (at_s >= begin_s) & (at_s < max(activation_end_s, begin_s + 60))
        vcpu_s += billed.sum() * 0.01
    run_usd = (provisioned_s * 2 * GB_HOUR + vcpu_s * VCPU_HOUR) / 3600
    month_usd = run_usd / record.ended_s * 3600 * HOURS_A_MONTH
    assert figures.month_usd == figures.objective == pytest.approx(month_usd, rel=0.02)


def test_a_setting_that_a_scenario_cannot_have_is_an_error_of_its_own(asked: Asked) -> None:
    figures = play_day(asked, PlayedDay(0, (("min_size", 9), ("max_size", 3)), Day(0, 1)))
    assert "min_size = 9" in figures.error
    assert figures.slo == (None, None)
