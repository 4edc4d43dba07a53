from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from simulator.cli import app
from tests.cli.dns.state_of import make_state

RUN = CliRunner()


def verb(state: Path, *words: str) -> Result:
    return RUN.invoke(app, ["dns", *words, "--state", str(state)])


def test_records_are_added_listed_and_removed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert verb(state, "add", "_1.acme.dev", "CNAME", "_2.acm-validations.aws.").exit_code == 0
    assert verb(state, "add", "acme.dev", "A", "127.0.0.1").output == "acme.dev. 5 IN A 127.0.0.1\n"
    assert verb(state, "list").output.splitlines() == [
        "acme.dev. 5 IN A 127.0.0.1",
        "_1.acme.dev. 5 IN CNAME _2.acm-validations.aws.",
    ]
    assert verb(state, "remove", "acme.dev", "A").output == "removed: acme.dev. 5 IN A 127.0.0.1\n"
    assert len(verb(state, "list").output.splitlines()) == 1
    for words in (("remove", "acme.dev"), ("add", "acme.dev", "AA", "127.0.0.1"), ("add", "a b", "A", "127.0.0.1")):
        answer = verb(state, *words)
        assert answer.exit_code == 2
        assert answer.output.startswith("error: ")


def test_the_records_that_domains_need(tmp_path: Path) -> None:
    state = tmp_path / "state"
    make_state(state)
    answer = verb(state, "check", "pending.dev")
    head, *missing = answer.output.splitlines()
    assert head == "pending.dev of shop: creating"
    assert [line.split()[0] for line in missing] == ["missing", "missing"]
    _, name, kind, value = missing[0].split()
    verb(state, "add", name, kind, value)
    _, second, *_ = missing[1].split()
    verb(state, "add", second, "CNAME", "other.acm-validations.aws.")
    lines = verb(state, "check", "pending.dev").output.splitlines()
    assert lines[1] == f"  right    {name}"
    assert lines[2].split()[:2] == ["wrong", second]
    assert lines[3].strip() == "found other.acm-validations.aws."
    assert verb(state, "check").output.count(" of shop: ") == 3
    wrong = verb(state, "check", "acme.de")
    assert wrong.exit_code == 2
    assert "acme.dev" in wrong.output
