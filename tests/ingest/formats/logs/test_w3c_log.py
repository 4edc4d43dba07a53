from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ingest.dataset_files import imported

CLOUDFRONT = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status time-taken\n"
    "2026-11-30\t10:00:02\tFRA2\t500\t192.0.2.100\tGET\td1.cloudfront.net\t/view/my/file.html\t200\t2.001\n"
    "2026-11-30\t10:00:02\tFRA2\t700\t192.0.2.100\tGET\td1.cloudfront.net\t/view/my/file.html\t503\t0.001\n"
)
IIS = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status time-taken\n"
    "2026-11-30 10:00:00 GET /a - 200 250\n"
    "#Fields: date time s-ip cs-method cs-uri-stem sc-status time-taken\n"
    "2026-11-30 10:00:01 10.0.0.1 POST /b 500 1500\n"
    "cut line\n"
)


def test_a_line_of_cloudfront_starts_before_its_end(tmp_path: Path) -> None:
    file = tmp_path / "E2EXAMPLE.2026-11-30-10.abcd.gz"
    file.write_text(CLOUDFRONT)

    result = imported(file)

    (service,) = result.services
    assert service.counts is not None
    assert service.counts.tolist() == [1, 0, 1]
    assert [(route.path, route.sent_bytes) for route in service.routes] == [("/view/my/file.html", 600)]


def test_fields_may_change_within_a_log_of_iis_whose_times_are_milliseconds(tmp_path: Path) -> None:
    file = tmp_path / "u_ex261130.log"
    file.write_text(IIS)

    result = imported(file)

    (service,) = result.services
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.4, 0.9])), [0.25, 1.5], rtol=0.01)
    assert [(route.method, route.path) for route in service.routes] == [("GET", "/a"), ("POST", "/b")]
    assert result.skipped_lines == 1
