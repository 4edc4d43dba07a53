"""Scale per request and Knative, compared with published results: the cases of lab/validate/faas.py.

In case 1 SimFaaS gives a cold request a service time of 2.244 s; here a start takes no time there and the request is
served like any other, which shortens 0.13 % of the service times by a quarter of a second: 0.02 % of the mean.

`simulator validate` plays the measurements on AWS Lambda and on Knative (tests/cli/lab/test_validate.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulator.lab.validate import faas as validate_faas
from simulator.lab.validate.case import Finding
from simulator.lab.validate.faas import RATE_RPS, SERVICE_S, hard_cap, scale_per_request, steady_state


def missed(found: Sequence[Finding]) -> list[str]:
    return [str(finding) for finding in found if not finding.passed]


def test_a_shorter_run_has_simfaas_means() -> None:
    assert missed(steady_state()) == []


def test_a_hard_cap_rejects_the_share_of_erlangs_formula() -> None:
    assert missed(hard_cap(12.0)) == []


@pytest.mark.slow
def test_longer_runs_have_simfaas_means() -> None:
    """Together they are as long as SimFaaS's run. Its P(cold) is based on 1183 cold starts, 2.9 % (one sigma).

    This simulator has about as many: 4.1 % together, and 12 % are three of these.
    """
    assert missed(steady_state(5e5, range(2), p_cold=0.12)) == []


def test_the_unit_of_time_is_no_part_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a second of the model as one second and as a twentieth: the same instances, cold starts and requests."""
    short = scale_per_request(RATE_RPS, SERVICE_S).play(2000 * validate_faas.UNIT_S, seed=1)
    monkeypatch.setattr(validate_faas, "UNIT_S", 1.0)
    whole = scale_per_request(RATE_RPS, SERVICE_S).play(2000, seed=1)

    assert (short.cold, short.requests, short.rejected) == (whole.cold, whole.requests, whole.rejected)
    assert short.instances == pytest.approx(whole.instances, rel=1e-6)
    assert short.running == pytest.approx(whole.running, rel=1e-6)
