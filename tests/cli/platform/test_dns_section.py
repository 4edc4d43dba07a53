from __future__ import annotations

from pathlib import Path

import pytest
import typer
from pydantic import ValidationError

from simulator.cli.platform.dns_section import DnsSection, parse_resolver
from simulator.cli.platform.serve_config import ServeConfig, load_config
from simulator.control.domain_checks import CHECK_EVERY_S, DomainChecks
from simulator.scenario.problems import ScenarioError


async def lookup(name: str, kind: str) -> frozenset[str] | None:
    return None


def test_without_the_section_nothing_is_looked_up(tmp_path: Path) -> None:
    section = ServeConfig().dns
    assert (section.port, section.validation) == (None, "instant")
    assert ServeConfig().settings(tmp_path).api.domain_checks is None


def test_the_profile_decides_how_often_records_are_looked_up() -> None:
    section = DnsSection(port=0, validation="records")
    assert section.checks(lookup, "app-runner") == DomainChecks(lookup)
    assert section.checks(lookup, "instant").every_s < CHECK_EVERY_S
    own = DnsSection.model_validate({"check_every": "5s", "give_up": "1h", "renewal": "1d", "validity": "2d"})
    assert own.checks(lookup, "instant") == DomainChecks(lookup, 5.0, 3600.0, 86400.0, 172_800.0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_a_resolver(text: str, place: tuple[str, int]) -> None:
    assert parse_resolver(text) == place


@pytest.mark.parametrize("text", ["", "dns.google", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1", "1.2.3:53"])
def test_a_malformed_resolver(text: str) -> None:
    with pytest.raises(ValidationError, match=r"is not an IP address, or one with a port; write one such as"):
        DnsSection(validation="records", resolver=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{resolver: 127.0.0.1}", "must come with validation: records"),
        ("{renewal: 10d, validity: 10d}", "must be less than the validity"),
        ("{zone: absent.zone}", "dns.zone = absent.zone, must be a file"),
        ("{port: 70000}", "port"),
        ("{validation: record}", "records"),
        ("{validity: 1x}", "validity"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text(f"dns: {text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="dns") as caught:
        load_config(path)
    assert expected in str(caught.value)


def test_a_zone_file_is_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.zone").write_text("acme.dev. A 127.0.0.1\n", encoding="utf-8")
    (tmp_path / "serve.yaml").write_text("dns: {port: 0, zone: own.zone}\n", encoding="utf-8")
    assert load_config(tmp_path / "serve.yaml").dns.zone == tmp_path / "own.zone"


def test_there_is_a_dns_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert DnsSection().opened(tmp_path) is None
    listening = DnsSection(port=0).opened(tmp_path)
    assert listening is not None
    assert listening.port == 0
    assert DnsSection(validation="records", resolver="127.0.0.1:5353").opened(tmp_path) is not None
    (tmp_path / "records.zone").mkdir()
    with pytest.raises(typer.Exit):
        DnsSection(port=0).opened(tmp_path)
