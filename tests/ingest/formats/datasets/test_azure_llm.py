from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ingest.dataset_files import imported


def test_requests_of_2023_and_2024_have_their_times(tmp_path: Path) -> None:
    old, new = tmp_path / "2023.csv", tmp_path / "2024.csv"
    old.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n")
    new.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:47.930590+00:00,1,2\n"
        "2023-11-16 19:15:46.680590+00:00,1,2\n"
    )

    (service,) = imported(new, old).services

    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, [0, 1.25, 3600], atol=1e-6)
