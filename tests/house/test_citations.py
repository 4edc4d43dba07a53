"""Citations of the fact sheets: each `facts [SHEET] SECTION` in code, tests and docs names an existing section."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHEETS = ROOT / "docs" / "facts"
DEFAULT = "app-runner"  # the sheet of a citation without a sheet
PLACES = ("simulator", "tests", "benchmarks", "docs", "scenarios", "README.md")
READ = {".py", ".md", ".yaml", ".json", ".csv"}
NAMES = "|".join(sorted((path.stem for path in SHEETS.glob("*.md") if path.stem != "index"), key=len, reverse=True))
NUMBER = r"[PV]?\d+(?:\.\d+)*[a-z]?"
CITATION = re.compile(
    rf"\bfacts (?:(?P<sheet>{NAMES}) )?(?:case )?(?P<places>(?<=[a-z2] ){NUMBER}(?:(?:,| and) {NUMBER})*)"
)
ROWS = ("row-", "case-", "")


def files() -> Iterator[Path]:
    for place in PLACES:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.suffix in READ and file.name != Path(__file__).name and SHEETS not in file.parents:
                yield file


def plain(text: str) -> str:
    """Return the text with the line breaks of comments and docstrings replaced by blanks."""
    return re.sub(r"\s*\n\s*(?:#:? )?", " ", text)


def anchors(sheet: str) -> set[str]:
    text = (SHEETS / f"{sheet}.md").read_text(encoding="utf-8")
    return {*re.findall(r"\{#([^ }]+)\}", text), *re.findall(r'<a id="([^"]+)">', text)}


def cited() -> list[tuple[str, str, str]]:
    found = []
    for file in files():
        for match in CITATION.finditer(plain(file.read_text(encoding="utf-8"))):
            sheet = match["sheet"] or DEFAULT
            found += [(str(file.relative_to(ROOT)), sheet, place) for place in re.findall(NUMBER, match["places"])]
    return found


@pytest.mark.case("H4")
def test_every_citation_resolves() -> None:
    known = {path.stem: anchors(path.stem) for path in SHEETS.glob("*.md")}
    citations = cited()
    assert len(citations) > 200
    assert [each for each in citations if not any(row + each[2] in known[each[1]] for row in ROWS)] == []


@pytest.mark.parametrize("sheet", NAMES.split("|"))
def test_an_anchor_is_unique(sheet: str) -> None:
    text = (SHEETS / f"{sheet}.md").read_text(encoding="utf-8")
    found = [*re.findall(r"\{#([^ }]+)\}", text), *re.findall(r'<a id="([^"]+)">', text)]
    assert len(found) == len(set(found)) > 0
