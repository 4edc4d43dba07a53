from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ingest.dataset_files import imported

# The form of the examples in the user guide of Elastic Load Balancing.
LINE = (
    "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 {parts} "
    '200 200 34 {sent} "GET https://www.example.com:443/users/17?q=1 HTTP/1.1" "curl/7.46.0" '
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my/73e2d6 "
    '"Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/1" '
    '1 {created} "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-"\n'
)


def test_the_start_is_the_creation_of_the_request_and_the_duration_that_of_the_target(tmp_path: Path) -> None:
    file = tmp_path / "alb.log"
    file.write_text(
        LINE.format(parts="0.086 0.048 0.037", sent=366, created="2018-07-02T22:22:48.364000Z")
        + LINE.format(parts="0.001 1.500 0.000", sent=634, created="2018-07-02T22:22:50.364000Z")
    )

    result = imported(file)

    (service,) = result.services
    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 2], atol=1e-6)
    np.testing.assert_allclose(service.durations_s, [0.085, 1.5])
    assert [(route.method, route.path, route.sent_bytes) for route in service.routes] == [("GET", "/users/{id}", 500)]
    assert result.skipped_lines == 0


def test_a_request_without_a_target_has_no_duration(tmp_path: Path) -> None:
    file = tmp_path / "alb.log"
    file.write_text(LINE.format(parts="-1 -1 -1", sent=0, created="2018-07-02T22:22:48.364000Z"))

    (service,) = imported(file).services

    assert not service.durations.are_known


def test_an_older_line_without_the_creation_starts_before_its_end(tmp_path: Path) -> None:
    file = tmp_path / "alb.log"
    line = (
        "http 2018-07-02T22:23:0{second}.000000Z app/lb/1 1.2.3.4:1 10.0.0.1:80 0.100 {target} 0.000 200 200 1 1 "
        '"GET http://a:80/ HTTP/1.1"\n'
    )
    file.write_text(line.format(second=0, target="0.400") + line.format(second=1, target="0.900"))

    (service,) = imported(file).services

    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, [0, 0.5], atol=1e-6)
