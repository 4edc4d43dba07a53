from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from simulator.wire.dns.zone_file import ZoneFile, lines_of, parse_zone

CNAME = "_1.acme.dev. 5 IN CNAME _2.acm-validations.aws."


def test_records_are_added_kept_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "records.zone"
    file = ZoneFile(path)
    assert (file.nodes, path.exists()) == ({}, False)
    assert file.add("_1.ACME.dev", "cname", "_2.acm-validations.aws") == CNAME
    file.add("acme.dev", "A", "127.0.0.1")
    file.add("acme.dev", "A", "127.0.0.2")
    file.add("acme.dev", "CAA", '0 issue "amazon.com"')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = ZoneFile(path)
    assert lines_of(again.nodes) == lines_of(file.nodes)
    assert len(lines_of(again.nodes)) == 4
    assert again.remove("acme.dev", "A", "127.0.0.1") == ["acme.dev. 5 IN A 127.0.0.1"]
    assert len(again.remove("acme.dev")) == 2
    assert lines_of(ZoneFile(path).nodes) == [CNAME]


def test_a_change_by_another_writer_takes_effect_at_once(tmp_path: Path) -> None:
    one, other = ZoneFile(tmp_path / "a.zone"), ZoneFile(tmp_path / "a.zone")
    before = one.version
    other.add("acme.dev", "A", "127.0.0.1")
    assert lines_of(one.nodes) == ["acme.dev. 5 IN A 127.0.0.1"]
    assert one.version > before
    other.path.unlink()
    assert one.nodes == {}


def test_a_file_that_becomes_malformed_keeps_the_records_read_last(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = ZoneFile(tmp_path / "a.zone")
    file.add("acme.dev", "A", "127.0.0.1")
    file.path.write_text("acme.dev. A 127.0.0.1\nacme.dev. A nonsense of somebody\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert lines_of(file.nodes) == ["acme.dev. 5 IN A 127.0.0.1"]
        assert lines_of(file.nodes) == ["acme.dev. 5 IN A 127.0.0.1"]
    assert [f"{file.path}, line 2: " in record.getMessage() for record in caplog.records] == [True]


def test_directives_of_a_zone_file_apply_to_its_records() -> None:
    text = "$ORIGIN acme.dev.\n$TTL 60\n@ SOA ns hostmaster 7 1 1 1 9\nwww CNAME @\n$ORIGIN other.dev.\n* A 127.0.0.9\n"
    assert lines_of(parse_zone(text, "here")) == [
        "acme.dev. 60 IN SOA ns.acme.dev. hostmaster.acme.dev. 7 1 1 1 9",
        "www.acme.dev. 60 IN CNAME acme.dev.",
        "*.other.dev. 60 IN A 127.0.0.9",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("www.acme.dev.", 1),
        ("\nwww.acme.dev. CNAMES acme.dev.", 2),
        ("www.acme.dev. A 1.2.3", 1),
        ("www.acme.dev. A\n\n", 1),
        ("www.acme.dev. A 127.0.0.1\nwww.acme.dev. CNAME acme.dev.\na. A 127.0.0.1\n", 2),
        ("$INCLUDE /etc/passwd", 1),
        ("www.acme.dev. A 127.0.0.1\nwww.acme.dev. CNAME acme.dev.", 2),
    ],
)
def test_a_malformed_zone_file_names_the_line(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=rf"^my\.zone, line {line}: .*must be records such as"):
        parse_zone(text, "my.zone")


def test_an_invalid_record_is_not_added(tmp_path: Path) -> None:
    file = ZoneFile(tmp_path / "a.zone")
    file.add("www.acme.dev", "CNAME", "acme.dev")
    file.add("www.acme.dev", "CNAME", "acme.dev.")  # the same record again
    for name, kind, value, expected in [
        ("www.acme.dev", "A", "127.0.0.1", "a CNAME record must be the only one of its name"),
        ("www.acme.dev", "CNAME", "other.dev", "has the CNAME record acme.dev., and can have one only"),
        ("a b", "A", "127.0.0.1", "name = 'a b', must be a host name"),
        ("a..b", "A", "127.0.0.1", "name = 'a..b', must be a host name"),
        ("acme.dev", "CNAMEE", "b", "type = 'CNAMEE', must be a type of record"),
        ("acme.dev", "ANY", "b", "type = 'ANY', must be a type of record"),
        ("acme.dev", "SOA", "b", "type = 'SOA', must be a type of record"),
        ("acme.dev", "A", "1.2.3", "value = '1.2.3', must be the value of a record of type A"),
    ]:
        with pytest.raises(ValueError, match=r"must|can have") as caught:
            file.add(name, kind, value)
        assert expected in str(caught.value)
    with pytest.raises(ValueError, match=r"there is no such record; it has www\.acme\.dev\. 5 IN CNAME acme\.dev\."):
        file.remove("www.acme.dev", "CNAME", "other.dev")
    with pytest.raises(ValueError, match="there is no such record; it has no record"):
        file.remove("other.dev")
    assert lines_of(file.nodes) == ["www.acme.dev. 5 IN CNAME acme.dev."]
