"""The cells of the page about notebooks that observe, calibrate, predict and verify: all are run, in their order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "notebooks.md"
TITLE = "## A model of your own service"


def cells() -> list[str]:
    """Return the code of the section, also that which the test of all pages leaves out because it takes long."""
    section = PAGE.read_text(encoding="utf-8").partition(TITLE)[2].partition("\n## ")[0]
    return re.findall(r"```py(?:thon)?\n(.*?)```", section, re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # kernels are compiled on first use
def test_the_cells_about_a_model_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in cells():
        exec(compile(cell, str(PAGE), "exec"), names)

    # Eight workers with requests of 44 ms serve at most 182/s.
    assert 140 < names["answer"].capacity_rps < 182
    parameters = names["model"].parameters().set_index("name")
    assert parameters.loc["mean CPU time of GET /", "value"] == pytest.approx(0.004, rel=0.1)
    assert names["check"].passed
    assert {"predicted", "any_arrivals", "measured"} < set(names["check"].frame().columns)
