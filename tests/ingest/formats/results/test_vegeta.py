from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

REAL = Path(__file__).parents[2] / "real" / "vegeta.gob"
ROW = "{start},{code},{latency},{sent},512,{error},b2s=,smoke,{number},{method},{url},Q29udGVudC1MZW5ndGg6IDI="


def test_the_output_of_an_attack_is_read(tmp_path: Path) -> None:
    """A request every 50 ms from 11:00:00.25 in CET on, of which each fourth is an order and each tenth failed."""
    result = imported(REAL)

    assert [form.name for form in result.formats] == ["vegeta-gob"]
    assert result.start_s == pytest.approx(1796032800.25, abs=1e-5)
    (service,) = result.services
    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, np.arange(40) * 0.05, atol=1e-6)
    assert service.durations_s is not None
    assert 0.02 <= service.durations_s.min() <= service.durations_s.max() < 0.08
    assert {(route.method, route.path): route.requests for route in service.routes} == {
        ("GET", "/items/{id}"): 30,
        ("POST", "/cart"): 10,
    }
    assert (service.statuses[0], service.statuses[2]) == (4, 36)
    cut = tmp_path / "cut.gob"
    cut.write_bytes(REAL.read_bytes()[:-5])
    with pytest.raises(ScenarioError, match="bytes behind the last whole message"):
        imported(cut)


def test_csv_and_json_of_the_same_attack_are_the_same(tmp_path: Path) -> None:
    rows, lines = [], []
    for number in range(20):
        method, url = ("POST", "http://h:8080/cart") if number % 5 == 0 else ("GET", "http://h:8080/items/7?x=1")
        start_ns, latency_ns = 1_796_032_800_500_000_000 + number * 100_000_000, 10_000_000 + number
        code, error = (0, '"dial tcp: lookup h, no such host"') if number == 7 else (200, "")
        rows.append(
            ROW.format(
                start=start_ns,
                code=code,
                latency=latency_ns,
                sent=0,
                error=error,
                number=number,
                method=method,
                url=url,
            )
        )
        stamp = f"2026-11-30T12:00:{start_ns // 10**9 - 1_796_032_800:02d}.{start_ns % 10**9:09d}+02:00"
        lines.append(
            {"attack": "smoke", "seq": number, "code": code, "timestamp": stamp, "latency": latency_ns,
             "bytes_in": 512, "method": method, "url": url}
        )  # fmt: skip
    (tmp_path / "results.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "results.json").write_text("".join(json.dumps(line) + "\n" for line in lines))

    of_csv, of_json = imported(tmp_path / "results.csv"), imported(tmp_path / "results.json")

    assert [form.name for form in (*of_csv.formats, *of_json.formats)] == ["vegeta-csv", "vegeta-json"]
    assert of_csv.start_s == pytest.approx(of_json.start_s, abs=1e-5)
    (csv_service,), (json_service,) = of_csv.services, of_json.services
    np.testing.assert_allclose(csv_service.times_s, json_service.times_s, atol=1e-5)  # type: ignore[arg-type]
    np.testing.assert_allclose(csv_service.durations_s, json_service.durations_s)  # type: ignore[arg-type]
    assert csv_service.statuses == json_service.statuses
    shares = [Counter({route.path: route.requests for route in each.routes}) for each in (csv_service, json_service)]
    assert shares == [Counter({"/items/{id}": 16, "/cart": 4})] * 2


@pytest.mark.parametrize("row", ["1796032800500000000,200,-5,0,512,,", "noon,200,5,0,512,,", "1796032800500000000,200"])
def test_a_row_that_is_none_is_reported_with_its_line(tmp_path: Path, row: str) -> None:
    file = tmp_path / "results.csv"
    first = ROW.format(
        start=1_796_032_800_500_000_000, code=200, latency=1, sent=0, error="", number=0, method="GET", url="http://h/"
    )
    file.write_text(f"{first}\n{row}\n")
    with pytest.raises(ScenarioError, match=r"results\.csv:2:1: row = .*, must be nanoseconds, status, latency"):
        imported(file)
