"""The documentation builds without a warning, and its pages load nothing from the network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Markdown may link to any address, but a page may load nothing by itself.
LOADED = re.compile(r"""<(?:link|script|img|iframe|source)\b[^>]*?(?:href|src)=["']?(?:https?:)?//[^"'\s>]+[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert build.returncode == 0, build.stderr[-4000:]
    return folder


def test_every_page_of_the_docs_is_in_the_site_and_loads_nothing_from_outside(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    sources = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sources <= {page.relative_to(site).with_suffix("").as_posix() for page in pages}
    assert {page.name: LOADED.findall(page.read_text(encoding="utf-8")) for page in pages if _loads(page)} == {}


def _loads(page: Path) -> bool:
    found = LOADED.findall(page.read_text(encoding="utf-8"))
    return any('rel="canonical"' not in tag for tag in found)


def test_the_reference_is_written_by_the_code(site: Path) -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html")}
    assert "--access-log-format" in texts["cli"]
    assert "max_concurrency" in texts["scenario"]
    assert "ready_after_s" in texts["report"]
    assert "target_utilisation" in texts["policies"]
    assert "usd_hour" in texts["platforms"] or "vcpu_hour" in texts["platforms"]
    assert "iam:PassedToService" in texts["iam"]
    assert texts["assumptions"].count("<tr>") > 50


# An inexpensive one: the prices.
CASES = ("13.3",)


@pytest.mark.slow
def test_the_validation_page_is_what_its_command_makes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "validation.md").read_text(encoding="utf-8")
    made = tmp_path / "validation.md"
    cases = [word for case in CASES for word in ("--case", case)]
    command = [sys.executable, "-m", "simulator", "validate", *cases, "--workers", "1", "--markdown", str(made)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    rows = [line for line in made.read_text(encoding="utf-8").splitlines() if line.startswith("| 13.3")]
    assert len(rows) >= len(CASES)
    assert [row for row in rows if row not in page] == []
