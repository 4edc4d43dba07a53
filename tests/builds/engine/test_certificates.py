from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.builds.engine.certificates import with_certificates


@pytest.fixture
def local(tmp_path: Path) -> Iterator[str]:
    """The address of an engine on this machine: a socket is there."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        yield f"unix://{tmp_path}/s"


def test_a_file_that_variables_name_is_mounted_once_and_read_only(tmp_path: Path, local: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("ca", encoding="utf-8")
    (tmp_path / "link.pem").symlink_to(file)
    environment = {"SSL_CERT_FILE": str(file), "PIP_CERT": str(tmp_path / "link.pem"), "HTTPS_PROXY": str(file)}
    variables, mounts = with_certificates(environment, local)
    target = "/run/apprunner-simulator-certificates/0.pem"
    assert variables == {"SSL_CERT_FILE": target, "PIP_CERT": target, "HTTPS_PROXY": str(file)}
    assert mounts == [{"Type": "bind", "Source": str(file), "Target": target, "ReadOnly": True}]


def test_missing_files_and_other_machines_leave_the_variables(tmp_path: Path, local: str) -> None:
    file = tmp_path / "ca.pem"
    for value, host in ((str(file), local), ("", local), (str(tmp_path), local)):
        assert with_certificates({"SSL_CERT_FILE": value}, host) == ({"SSL_CERT_FILE": value}, [])
    file.write_text("ca", encoding="utf-8")
    environment = {"SSL_CERT_FILE": str(file)}
    assert with_certificates(environment, "tcp://engine.example:2375") == (environment, [])
