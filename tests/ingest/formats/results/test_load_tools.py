from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

LOCUST = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count,Total Failure Count\n"
    "1796032800,5,GET,/a,1.0,0,10,4,0\n1796032800,5,,Aggregated,1.0,0,10,6,0\n"
    "1796032802,5,GET,/a,2.0,0,10,9,0\n1796032802,5,,Aggregated,2.0,0,10,14,0\n"
)


def test_totals_of_locust_grow_by_the_requests_of_each_second(tmp_path: Path) -> None:
    file = tmp_path / "run_stats_history.csv"
    file.write_text(LOCUST)

    (service,) = imported(file).services

    assert service.function == "/a"
    assert service.counts is not None
    assert service.counts.tolist() == [4, 0, 5]


def test_a_history_without_names_has_the_sum(tmp_path: Path) -> None:
    file = tmp_path / "run_stats_history.csv"
    file.write_text("".join(line for line in LOCUST.splitlines(keepends=True) if "/a" not in line))

    (service,) = imported(file).services

    assert service.counts is not None
    assert service.counts.tolist() == [6, 0, 8]


@pytest.mark.parametrize("user", ["", "1\t"])
def test_requests_of_gatling_have_start_and_end(tmp_path: Path, user: str) -> None:
    file = tmp_path / "simulation.log"
    file.write_text(
        "RUN\tShop\tshop\t1796032800000\t \t3.9.5\nUSER\tbuyers\tSTART\t1796032800100\n"
        f"REQUEST\t{user}group\tHome page\t1796032800500\t1796032800750\tOK\t \n"
        f"REQUEST\t{user}\tHome page\t1796032801500\t1796032801600\tKO\ttimed out\n"
    )

    (service,) = imported(file).services

    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 1])
    np.testing.assert_allclose(service.durations_s, [0.25, 0.1])
    assert [route.path for route in service.routes] == ["/Home-page"]
    assert service.statuses[:3] == (1, 0, 1)


def test_payloads_of_goreplay_are_requests_and_responses(tmp_path: Path) -> None:
    separator = "\n🐵🙈🙉\n"
    file = tmp_path / "requests.gor"
    file.write_text(
        f"1 f45590522cd1838b 1796032800250000000 0\nPOST /pay?x=1 HTTP/1.1\r\nHost: a\r\n\r\na=1&b=2{separator}"
        f"2 f45590522cd1838b 1796032800350000000 1\nHTTP/1.1 200 OK\r\n\r\n{separator}"
        f"1 a45590522cd1838b 1796032801250000000 0\nGET / HTTP/1.1\r\n\r\n{separator}",
        newline="",
    )

    (service,) = imported(file).services

    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, [0, 1])
    assert [(route.method, route.path) for route in service.routes] == [("POST", "/pay"), ("GET", "/")]


def test_a_row_of_locust_without_a_total_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "run_stats_history.csv"
    file.write_text(LOCUST + "1796032803,5,GET,/a,2.0,0,10,many,0\n")

    with pytest.raises(ScenarioError, match=r"run_stats_history\.csv:6:1: row = 1796032803,5,GET,/a,2\.0,0,10,many,0"):
        imported(file)
