"""The published series of Knative: rate per pod and concurrency follow from rate, pods and response."""

from __future__ import annotations

import pytest

from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured import knative


@pytest.mark.parametrize("row", rows("pacslab/knative_rps_mode_target1.csv"), ids=lambda row: row["offered_rps"])
def test_the_published_concurrency_is_that_of_littles_law(row: dict[str, str]) -> None:
    assert float(row["conc_window_avg"]) == pytest.approx(float(row["rate_per_pod"]) * float(row["client_s"]), rel=0.06)


def test_the_load_of_a_pod_is_rate_times_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knative, "END_S", 1200.0)
    load = knative.concurrency_mode.__wrapped__(10, 2)
    assert load.concurrency == pytest.approx(load.rate_rps * load.response_s)
    assert load.response_s == pytest.approx(0.5163, rel=0.01)
    assert load.concurrency == pytest.approx(0.7 * 2, rel=0.15)  # 70 % of the target, rounded up to whole pods
