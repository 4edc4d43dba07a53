from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ingest.dataset_files import imported

# The form of the example in HAProxy's configuration manual.
LINE = (
    "Feb  6 12:14:1{second} localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:1{second}.655] http-in "
    "static/srv1 10/0/30/{response}/{total} {status} 2750 - - ---- 1/1/1/1/0 0/0 {{1wt.eu}} {{}} "
    '"GET /index.html HTTP/1.1"\n'
)


def test_the_accept_date_is_the_start_and_the_total_time_the_duration(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.log"
    file.write_text(
        LINE.format(second=4, response=69, total=109, status=200)
        + LINE.format(second=6, response=-1, total="+5000", status=503)
        + "Feb  6 12:14:17 localhost haproxy[14389]: Server static/srv1 is DOWN\n"
    )

    result = imported(file)

    (service,) = result.services
    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, [0, 2], atol=1e-6)
    assert service.durations.count == 1
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.5])), [0.109], rtol=0.01)
    assert [(route.path, route.requests) for route in service.routes] == [("/index.html", 2)]
    assert result.skipped_lines == 1
    assert result.start_s == 1_233_922_454.655
