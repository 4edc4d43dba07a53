"""The words of the project: texts for users and readers of docstrings have the field's terms and plain sentences.

`BANNED` applies everywhere: docstrings, comments, messages, docs, scenarios, lessons and the files of the console.
`PROSE` has figurative and archaic words. A failure names the place and the word to write. Names in code are not
scanned.
"""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# word (a regular expression, whole words, any case) -> what to write
BANNED = {
    r"wish(?:es|ed)?": "desired (count)",
    r"refus(?:e|es|ed|ing|als?)": "reject (429), rejection",
    r"contenders?": "candidate",
    r"gears?": "backend",
    r"pokes?": "trigger; reacts_to_queue",
    r"theta_[uo]|theta_[UO]": "under- or over-provisioned amount",
    r"tau_[uo]|tau_[UO]": "under- or over-provisioned time",
    r"upsilon": "instability",
    r"failure_ratio\w*|loss_ratio": "error_rate",
    r"hold expired": "queue timeout",
    r"a month like it": "per month at this traffic",
    r"the run, again": "replay",
    r"not so\W": "not quite",
    r"the run broke": "an internal error stopped the run",
    r"checks? hold": "checks pass",
    r"shows? in heads": "response headers",
}
PROSE = {
    r"nobody": "no client, no caller, none: name the subject",
    r"whoever": "the caller, the client: name the subject",
    r"whom": "which, who: rewrite the sentence",
    r"anew": "again",
    r"lately": "recently",
    r"meanwhile": "in the meantime; or leave it out",
    r"in vain": "without success",
    r"midst": "middle",
}
# Legitimate uses: (path, regular expression on the line, reason).
ALLOWED = (
    ("*", r"[Cc]onnections?(?: is| was| are)? refus|ConnectionRefused|ECONNREFUSED", "the operating system's error"),
    ("*", r"\bREFUSED\b", "the response code of DNS"),
    ("*", r"[Rr]efus(?:e|es|ed|ing|al) to ", "English: unwilling to"),
    ("tests/builds/machine/test_sandbox.py", r'^"nobody"$', "the name of a Unix user"),
    ("tests/live/test_ordinary_user.py", r'^"nobody"$', "the name of a Unix user"),
    ("tests/live/test_process_isolation.py", r'^"nobody"$', "the name of a Unix user"),
    ("simulator/lab/compiled/*", r"\bNOBODY\b", "the name of a constant"),
    ("simulator/model/text/renamed.py", r".", "the table of old names"),
    ("tests/model/text/test_renamed.py", r".", "its test"),
    ("tests/house/test_language.py", r".", "this list"),
    ("simulator/lab/elasticity/*.py", r"theta|tau|upsilon", "the symbols of the cited papers, in their formulas"),
    ("tests/lab/elasticity/*.py", r"theta|tau|upsilon", "the symbols of the cited papers"),
    ("docs/reference/glossary.md", r".", "gives the old words of other tools"),
    ("docs/facts/*", r".", "has the words of its sources"),
    ("*", r"is not so\W|are not so\W", "English: not as much"),
    ("scenarios/data/*", r".", "other people's data"),
)
SCANNED = ("simulator", "docs", "scenarios", "README.md", "benchmarks", "tests")
SUFFIXES = {".py", ".md", ".yaml", ".html", ".js", ".css", ".j2"}


@cache
def _lines() -> tuple[tuple[str, int, str], ...]:
    """Return (file, line number, text) of everything that people read."""
    found = []
    names = subprocess.run(
        ["git", "ls-files", *SCANNED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    for name in names:
        path = ROOT / name
        if path.suffix not in SUFFIXES or "/vendor/" in name or "/data/" in name or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        pieces = _texts_of_python(text) if path.suffix == ".py" else enumerate(text.split("\n"), 1)
        found += [(name, number, line) for number, line in pieces]
    return tuple(found)


def _texts_of_python(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT}:
            for offset, line in enumerate(token.string.split("\n")):
                yield token.start[0] + offset, line


@cache
def _is_of(pattern: str, name: str) -> bool:
    return Path(name).match(pattern)


def _is_allowed(name: str, line: str) -> bool:
    return any(_is_of(pattern, name) and re.search(use, line) for pattern, use, _ in ALLOWED)


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{word})(?![\w])", re.IGNORECASE)


def _violations(words: dict[str, str]) -> list[str]:
    patterns = [(_word(word), instead) for word, instead in words.items()]
    any_of_them = _word("|".join(words))  # few lines match, and only those are compared with each word
    return [
        f"{name}:{number}: {match[0]!r}: write {instead}"
        for name, number, line in _lines()
        if any_of_them.search(line)
        for pattern, instead in patterns
        if (match := pattern.search(line)) and not _is_allowed(name, line)
    ]


@pytest.mark.case("X14", "X15", "H3")
def test_no_text_has_a_banned_word() -> None:
    found = _violations(BANNED)
    assert not found, "\n".join(found[:80])


def test_no_text_has_a_figurative_or_archaic_word() -> None:
    found = _violations(PROSE)
    assert not found, "\n".join(found[:80])


def test_the_list_finds_banned_words_and_allows_exceptions() -> None:
    pattern = _word("|".join(BANNED))
    assert pattern.search("it was refused")
    assert pattern.search("the Wish")
    assert _is_allowed("simulator/wire/probe.py", "connection refused")
    assert not _is_allowed("simulator/wire/probe.py", "the request is refused")


def test_every_allowance_is_used() -> None:
    lines = _lines()
    unused = [
        use
        for pattern, use, _ in ALLOWED
        if "/data/" not in pattern
        and not any(_is_of(pattern, name) and re.search(use, line) for name, _, line in lines)
    ]
    assert not unused


TERM = re.compile(r"^\| \*\*(?P<term>[^*]+)\*\* \|.*\| (?P<module>[^|]*) \|$", re.MULTILINE)


def test_every_module_of_the_glossary_exists_and_terms_are_unique() -> None:
    text = (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")
    rows = TERM.findall(text)
    assert len(rows) > 30
    terms = [term for term, _ in rows]
    assert len(terms) == len(set(terms))
    missing = [
        (term, path)
        for term, modules in rows
        for path in re.findall(r"`([^`]+)`", modules)
        if not (ROOT / "simulator" / path).exists()
    ]
    assert not missing
