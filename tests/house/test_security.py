"""SECURITY.md agrees with the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.api.endpoint import BODY_S_MAX
from simulator.fleet.process.confinement.isolation import TEMPORARY, Way
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.ca import CertificateAuthority
from simulator.wire.web_listener import HEAD_S_MAX
from simulator.world.clock import utc_now

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "real-instances.md").read_text(encoding="utf-8")


@pytest.mark.case("R25")
@pytest.mark.parametrize(
    "heading", ["Report a vulnerability", "Threat model", "Applications and builds on this machine"]
)
def test_the_policy_describes_reporting_and_the_protected_assets(heading: str) -> None:
    assert f"\n## {heading}\n" in TEXT
    assert "SECURITY.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.case("R8", "R25")
def test_the_names_that_the_authority_signs_for_are_those_of_its_certificate(tmp_path: Path) -> None:
    names = [name for name in CertificateAuthority(tmp_path, utc_now()).names if "/" not in name]
    assert len(names) == 3
    assert all(f"`{name}`" in TEXT for name in names)


@pytest.mark.case("R8", "R25")
def test_bounds_and_hidden_places_are_those_in_force() -> None:
    processes = ProcessSettings().processes
    assert f"processes ({processes})" in TEXT
    assert f"at most {processes} processes" in " ".join(HOW_TO.split())
    assert f"`{TEMPORARY}`" in TEXT
    assert "`~/.local/state`" in TEXT
    assert {Way.ROOT, Way.USER, Way.FOLDER} == set(Way)  # each has its sentence
    for sentence in ("in a user namespace, unless you are root", "On a machine that allows no namespaces"):
        assert sentence in " ".join(TEXT.split())


@pytest.mark.case("R9")
def test_the_times_for_heads_and_bodies_are_those_in_force() -> None:
    heads = f"within {HEAD_S_MAX:g} s ({DataPlaneLimits().head_s:g} s at the load balancer)"
    assert f"{heads}, a body within {BODY_S_MAX:g} s" in TEXT
