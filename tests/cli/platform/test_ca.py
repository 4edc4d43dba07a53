"""The local authority: created once, shown, exported without its key."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography import x509
from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()


def test_the_authority_is_created_once_and_the_command_explains_how_to_trust_it(tmp_path: Path) -> None:
    first = RUN.invoke(app, ["ca", "--state", str(tmp_path)])
    assert first.exit_code == 0
    assert "NODE_EXTRA_CA_CERTS" in first.output
    root = (tmp_path / "ca" / "root.pem").read_bytes()
    RUN.invoke(app, ["ca", "--state", str(tmp_path)])
    assert (tmp_path / "ca" / "root.pem").read_bytes() == root


def test_the_export_contains_the_certificate_and_no_key(tmp_path: Path) -> None:
    exported = tmp_path / "mine.pem"
    assert RUN.invoke(app, ["ca", "--state", str(tmp_path), "--export", str(exported)]).exit_code == 0
    assert b"PRIVATE KEY" not in exported.read_bytes()
    assert x509.load_pem_x509_certificate(exported.read_bytes()).subject


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    RUN.invoke(app, ["ca", "--state", str(tmp_path)])
    assert stat.S_IMODE((tmp_path / "ca" / "authority.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert RUN.invoke(app, ["ca", "--state", str(tmp_path / "file" / "state")]).exit_code == 2
