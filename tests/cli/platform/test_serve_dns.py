from __future__ import annotations

from pathlib import Path

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings
from simulator.cli.platform.dns_section import DnsSection
from simulator.cli.platform.serve_dns import ServeDns
from simulator.edge.live.live_settings import LiveSettings
from simulator.wire.dns.dns_lookup import OwnLookup, ResolverLookup


def settings(folder: Path) -> ServingSettings:
    return ServingSettings(ControlPlaneSettings(folder, listener=None), LiveSettings(folder))


def test_only_validation_by_records_changes_the_settings(tmp_path: Path) -> None:
    plain, checks = settings(tmp_path), DnsSection(validation="records").checks
    assert ServeDns(tmp_path, port=0).settings(plain) is plain
    own = ServeDns(tmp_path, checks=checks).settings(plain).control.api.domain_checks
    assert own is not None
    assert isinstance(own.lookup, OwnLookup)
    other = ServeDns(tmp_path, resolver=("127.0.0.1", 5353), checks=checks).settings(plain).control.api.domain_checks
    assert other is not None
    assert isinstance(other.lookup, ResolverLookup)


def test_both_files_are_answered_and_a_malformed_one_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "records.zone").write_text("acme.dev. A 127.0.0.1\n", encoding="utf-8")
    zone = tmp_path / "own.zone"
    zone.write_text("other.dev. A 127.0.0.2\n", encoding="utf-8")
    dns = ServeDns(tmp_path, port=0, zone=zone)
    assert dns.zones.values("acme.dev", "A") | dns.zones.values("other.dev", "A") == {"127.0.0.1", "127.0.0.2"}
    zone.write_text("other.dev. A\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"own\.zone, line 1: "):
        ServeDns(tmp_path, port=0, zone=zone)
