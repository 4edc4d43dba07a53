"""All cells of the notebook page, run in a real Jupyter kernel."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "notebooks.md"


def cells() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of the kernel itself: its sockets, its debugger
def test_every_cell_of_the_page_runs_in_a_kernel_and_results_show_as_html() -> None:
    document = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
            for text in cells()
        ],
    }
    notebook = nbformat.from_dict(document)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [
        output.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    assert any("p50, p95, p99" in text for text in shown)
    assert any("srcdoc" in text for text in shown)
    assert len(cells()) >= 6
