from __future__ import annotations

import pytest

from simulator.calibration.prediction.objectives import bounded, objectives_text, parse_objectives, saturation


def test_an_slo_is_checks_separated_by_commas_but_not_within_tags() -> None:
    first, second = parse_objectives("p95{path:/a,name:b} < 250 ms, error_rate < 0.1 %")
    assert (first.quantile, first.limit, first.tags) == (0.95, 0.25, (("path", "/a"), ("name", "b")))
    assert (second.metric, second.limit) == ("error_rate", 0.001)
    assert objectives_text((first, second)) == "p95{path:/a,name:b} < 250 ms, error_rate < 0.1 %"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" , ", "must be checks separated by commas"),
        ("p95 < 250", "slo: "),
        ("p96x < 1 s", "slo: metric = p96x"),
        ("error_rate > 1 %", "must be an upper limit"),
        ("web: p95 < 1 s", "must be without the name of a service"),
    ],
)
def test_what_is_no_slo_is_named(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_objectives(text)


def test_the_default_slo_is_five_times_the_latency_without_load() -> None:
    latency, errors = saturation(0.0412345)
    assert latency.limit == pytest.approx(5 * 0.0412345, rel=1e-9)
    assert (latency.text, errors.limit) == ("p95 < 206 ms", 0.01)


def test_an_slo_about_latency_alone_gets_a_limit_of_errors() -> None:
    assert objectives_text(bounded(parse_objectives("p95 < 250 ms"))) == "p95 < 250 ms, error_rate < 1 %"
    for text in ("p95 < 1 s, error_rate < 0.1 %", "rejected_ratio < 5 %", "status_429 < 1"):
        given = parse_objectives(text)
        assert bounded(given) == given
