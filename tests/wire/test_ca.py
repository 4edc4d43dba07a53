from __future__ import annotations

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from simulator.wire.ca import CertificateAuthority

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOST = "abcdefghij.eu-west-1.awsapprunner.localhost"


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_an_authority_is_created_once_and_reused(tmp_path: Path) -> None:
    first = CertificateAuthority(tmp_path / "ca", NOW).certificate
    assert CertificateAuthority(tmp_path / "ca", NOW + timedelta(days=1)).certificate == first


def test_only_the_owner_can_read_the_stored_files(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir(mode=0o755)
    authority = CertificateAuthority(tmp_path / "ca", NOW)
    authority.leaf(HOST, NOW)
    kept = list((tmp_path / "ca").rglob("*"))
    files = {stat.S_IMODE(each.stat().st_mode) for each in kept if each.is_file()}
    folders = {stat.S_IMODE(each.stat().st_mode) for each in [tmp_path / "ca", *kept] if each.is_dir()}
    assert len(kept) == 4  # authority, root, leaves and one leaf: no temporary file is left
    assert (files, folders) == ({0o600}, {0o700})


def test_an_expired_authority_is_replaced_with_its_leaves(tmp_path: Path) -> None:
    before = CertificateAuthority(tmp_path, NOW)
    before.leaf(HOST, NOW)
    later = NOW + timedelta(days=3640)
    after = CertificateAuthority(tmp_path, later)
    assert after.certificate != before.certificate
    certificate(after.leaf(HOST, later)).verify_directly_issued_by(after.certificate)


def test_the_exported_root_is_the_authority_without_its_key(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    assert certificate(authority.certificate_path) == authority.certificate
    assert b"PRIVATE KEY" not in authority.certificate_path.read_bytes()


@pytest.mark.parametrize("host", [HOST, "example.test", "*.example.test", "127.0.0.1", "::1", "localhost"])
def test_a_leaf_names_its_host_and_is_signed_by_the_authority(tmp_path: Path, host: str) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    leaf = certificate(authority.leaf(host, NOW))
    leaf.verify_directly_issued_by(authority.certificate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [host]


def test_a_leaf_is_valid_for_days_and_renewed_before_its_end(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    first = certificate(authority.leaf(HOST, NOW))
    assert first.not_valid_after_utc - NOW <= timedelta(days=30)
    assert certificate(authority.leaf(HOST, NOW + timedelta(days=1))) == first
    assert certificate(authority.leaf(HOST, NOW + timedelta(days=25))) != first


@pytest.mark.parametrize("host", ["", "../x", "a/b", "a b", ".a", "a..b", "-a", "a*.b", "x" * 254])
def test_an_invalid_host_name_gets_no_certificate(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match="must be a host name"):
        CertificateAuthority(tmp_path, NOW).leaf(host, NOW)


def test_a_file_that_is_not_an_authority_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("nonsense")
    with pytest.raises(ValueError):  # noqa: PT011 the wording is cryptography's
        CertificateAuthority(tmp_path, NOW)


@pytest.mark.case("R2")
@pytest.mark.parametrize("umask", [0, 0o022])
def test_the_enclosing_folders_are_private_too(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        CertificateAuthority(tmp_path / "share" / "state" / "ca", NOW)
    finally:
        os.umask(before)
    made = [tmp_path / "share", *(tmp_path / "share").rglob("*")]
    assert {stat.S_IMODE(each.stat().st_mode) for each in made} == {0o700, 0o600}


@pytest.mark.case("R14")
@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_authority_is_reported_with_its_file(tmp_path: Path, content: bytes) -> None:
    CertificateAuthority(tmp_path, NOW)
    (tmp_path / "authority.pem").write_bytes(content)
    with pytest.raises(ValueError, match=rf"{tmp_path}/authority\.pem, must hold an elliptic curve key and its"):
        CertificateAuthority(tmp_path, NOW)


@pytest.mark.case("R14")
def test_a_key_that_does_not_fit_its_certificate_is_reported(tmp_path: Path) -> None:
    for name in ("a", "b"):
        CertificateAuthority(tmp_path / name, NOW)
    pem = [(tmp_path / name / "authority.pem").read_bytes().partition(b"-----BEGIN CERT") for name in ("a", "b")]
    (tmp_path / "a" / "authority.pem").write_bytes(pem[0][0] + pem[1][1] + pem[1][2])
    with pytest.raises(ValueError, match=r"authority\.pem, must hold"):
        CertificateAuthority(tmp_path / "a", NOW)


@pytest.mark.case("R14")
@pytest.mark.parametrize("damage", ["empty", "junk", "no key", "another key", "root"])
def test_a_damaged_leaf_is_created_again(tmp_path: Path, damage: str) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    leaf = authority.leaf(HOST, NOW)
    key, begin, rest = leaf.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    other = authority.leaf("other.localhost", NOW).read_bytes().partition(begin)[0]
    content = {"empty": b"", "junk": b"junk", "no key": begin + rest, "another key": other + begin + rest, "root": key}
    leaf.write_bytes(content[damage])
    assert authority.is_due(HOST, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(authority.leaf(HOST, NOW))
    assert not authority.is_due(HOST, NOW)
