from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.dns.zone_file import ZoneFile
from simulator.wire.dns.zones import Zones
from tests.wire.dns.hosts import Hosts

SERVICE = "psbqam834h.us-east-1.awsapprunner.com"
LOCAL = "psbqam834h.us-east-1.awsapprunner.localhost"
HOSTS = {SERVICE, LOCAL, "shop.acme.dev"}
RECORDS = """
$ORIGIN other.dev.
@       CAA   0 issue "amazon.com"
www     CNAME psbqam834h.us-east-1.awsapprunner.com.
away    CNAME elsewhere.net.
lost    CNAME gone.other.dev.
one     CNAME two
two     CNAME one
_1.deep.below TXT "x"
*.any   A     127.0.0.7
big     TXT   "{long}"
"""


def zones(
    text: str,
    folder: Path,
    addresses: tuple[str, ...] = ("127.0.0.1",),
    dual_stack: Collection[str] = HOSTS,
) -> Zones:
    path = folder / "records.zone"
    path.write_text(text, encoding="utf-8")
    return Zones([ZoneFile(path)], Hosts(HOSTS, dual_stack), addresses=addresses)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Zones:
    big = "".join(f'big TXT "{number:03d}{"x" * 200}"\n' for number in range(30))
    text = RECORDS.replace('big     TXT   "{long}"\n', big)
    return zones(text, tmp_path_factory.mktemp("zones"), ("127.0.0.1", "::1"))


def ask(own: Zones, name: str, kind: str = "A") -> tuple[str, list[str], list[str]]:
    """Return the response code, the answers, and the types of the authority section."""
    wire = own.answer(dns.message.make_query(name, kind).to_wire(), over_udp=True)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    lines = [line.partition(" IN ")[2] for each in answer.answer for line in each.to_text().splitlines()]
    return dns.rcode.to_text(answer.rcode()), lines, [each.rdtype.name for each in answer.authority]


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers"),
    [
        (SERVICE, "A", "NOERROR", ["A 127.0.0.1"]),
        (SERVICE.upper(), "AAAA", "NOERROR", ["AAAA ::1"]),
        (LOCAL, "A", "NOERROR", ["A 127.0.0.1"]),
        (SERVICE, "TXT", "NOERROR", []),
        ("absent.us-east-1.awsapprunner.com", "A", "NXDOMAIN", []),
        ("us-east-1.awsapprunner.com", "A", "NOERROR", []),
        ("us-east.awsapprunner.com", "A", "NXDOMAIN", []),
        ("awsapprunner.com", "NS", "NOERROR", ["NS localhost."]),
        ("shop.acme.dev", "A", "NOERROR", ["A 127.0.0.1"]),
        ("x.shop.acme.dev", "A", "NXDOMAIN", []),
        ("www.other.dev", "A", "NOERROR", [f"CNAME {SERVICE}.", "A 127.0.0.1"]),
        ("www.other.dev", "CNAME", "NOERROR", [f"CNAME {SERVICE}."]),
        ("away.other.dev", "A", "NOERROR", ["CNAME elsewhere.net."]),
        ("lost.other.dev", "A", "NXDOMAIN", ["CNAME gone.other.dev."]),
        ("one.other.dev", "A", "NOERROR", ["CNAME two.other.dev.", "CNAME one.other.dev."]),
        ("below.other.dev", "A", "NOERROR", []),
        ("other.dev", "CAA", "NOERROR", ['CAA 0 issue "amazon.com"']),
        ("a.any.other.dev", "A", "NOERROR", ["A 127.0.0.7"]),
        ("any.other.dev", "A", "NOERROR", []),
        ("a.b.any.other.dev", "A", "NOERROR", ["A 127.0.0.7"]),
        ("elsewhere.net", "A", "REFUSED", []),
        ("acme.dev", "A", "REFUSED", []),
        ("dev", "SOA", "REFUSED", []),
        (".", "NS", "REFUSED", []),
        ("other.dev", "AXFR", "REFUSED", []),
    ],
)
def test_each_query_has_its_response_code_answers_and_authority(
    own: Zones, name: str, kind: str, rcode: str, answers: list[str]
) -> None:
    found = ask(own, name, kind)
    assert found[:2] == (rcode, answers)
    without_answer = not answers or rcode == "NXDOMAIN"
    assert found[2] == (["SOA"] if rcode != "REFUSED" and without_answer else [])


def test_a_zone_has_an_soa_record_whose_serial_changes_with_its_records(tmp_path: Path) -> None:
    own = zones("", tmp_path)
    (first,) = ask(own, "awsapprunner.com", "SOA")[1]
    ZoneFile(tmp_path / "records.zone").add("acme.dev", "A", "127.0.0.1")
    (second,) = ask(own, "awsapprunner.com", "SOA")[1]
    assert int(second.split()[3]) > int(first.split()[3])
    given = zones("acme.dev. SOA ns.acme.dev. me.acme.dev. 9 1 1 1 1\n", tmp_path)
    assert ask(given, "acme.dev", "SOA")[1] == ["SOA ns.acme.dev. me.acme.dev. 9 1 1 1 1"]
    assert ask(given, "nothing.acme.dev")[::2] == ("NXDOMAIN", ["SOA"])


def test_records_of_users_have_precedence_over_those_of_the_platform(tmp_path: Path) -> None:
    own = zones(f"shop.acme.dev. CNAME {SERVICE}.\n", tmp_path)
    assert ask(own, "shop.acme.dev")[1] == [f"CNAME {SERVICE}.", "A 127.0.0.1"]
    assert own.values("SHOP.acme.dev", "CNAME") == {f"{SERVICE}."}
    assert own.values("absent.acme.dev", "CNAME") == frozenset()


def test_a_large_response_is_truncated_only_over_udp(own: Zones) -> None:
    query = dns.message.make_query("big.other.dev", "TXT")
    for payload, most in [(None, 512), (4096, 1232), (600, 600)]:
        if payload is not None:
            query.use_edns(0, payload=payload)
        wire = own.answer(query.to_wire(), over_udp=True)
        assert wire is not None
        assert len(wire) <= most
        assert dns.message.from_wire(wire).flags & dns.flags.TC
    wire = own.answer(query.to_wire(), over_udp=False)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    assert (len(answer.answer[0]), answer.flags & dns.flags.TC) == (30, 0)


def test_a_message_that_is_not_a_query_gets_its_response_code_or_no_response(own: Zones) -> None:
    query = dns.message.make_query(SERVICE, "A")
    wire = query.to_wire()
    for place, byte, expected in [
        (2, dns.opcode.STATUS << 3, dns.rcode.NOTIMP),
        (2, 0, dns.rcode.NOERROR),
        (5, 2, dns.rcode.FORMERR),
        (5, 0, dns.rcode.FORMERR),
    ]:
        changed = bytearray(wire)
        changed[place] = byte
        answer = own.answer(bytes(changed), over_udp=True)
        assert answer is not None
        assert (answer[:2], answer[3] & 15, answer[2] & 0x80) == (wire[:2], expected, 0x80)
    response = dns.message.make_response(query).to_wire()
    assert own.answer(response, over_udp=True) is None  # otherwise two servers would respond to each other endlessly
    assert own.answer(wire[:11], over_udp=True) is None
    update = own.answer(dns.update.UpdateMessage("other.dev").to_wire(), over_udp=True)
    assert update is not None
    assert update[3] & 15 == dns.rcode.NOTIMP
    query.use_edns(1)
    versions = own.answer(query.to_wire(), over_udp=True)
    assert versions is not None
    assert dns.message.from_wire(versions).rcode() == dns.rcode.BADVERS


QUERIES = [
    dns.message.make_query(name, kind, use_edns=edns, want_dnssec=edns == 0).to_wire()
    for name in (SERVICE, "www.other.dev", "one.other.dev", "big.other.dev", "absent.acme.dev", ".")
    for kind in ("A", "ANY", "TXT", "CNAME")
    for edns in (-1, 0)
]


def holds(own: Zones, wire: bytes, *, over_udp: bool) -> None:
    answer = own.answer(wire, over_udp=over_udp)
    if answer is not None:
        assert answer[:2] == wire[:2]
        assert answer[2] & 0x80
        assert len(answer) <= (1232 if over_udp else 65535)
        dns.message.from_wire(answer)


@given(st.binary(max_size=600), st.booleans())
def test_any_bytes_get_a_response_or_none_without_an_exception(own: Zones, wire: bytes, over_udp: bool) -> None:
    holds(own, wire, over_udp=over_udp)


@given(st.data(), st.sampled_from(QUERIES), st.booleans())
def test_a_damaged_query_causes_no_exception(own: Zones, data: st.DataObject, query: bytes, over_udp: bool) -> None:
    wire = bytearray(query)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(wire) - 1))
        wire[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        if not wire:
            break
    holds(own, bytes(wire), over_udp=over_udp)


def test_only_dual_stack_names_have_an_aaaa_record(tmp_path: Path) -> None:
    own = zones("", tmp_path, ("127.0.0.1", "::1"), (SERVICE,))
    assert ask(own, SERVICE, "AAAA")[1] == ["AAAA ::1"]
    code, answers, authority = ask(own, LOCAL, "AAAA")
    assert (code, answers, authority) == ("NOERROR", [], ["SOA"])
    assert ask(own, LOCAL)[1] == ["A 127.0.0.1"]
