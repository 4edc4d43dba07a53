"""The authority's name constraints, as OpenSSL and curl apply them: names that it can sign for, and others."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.wire.ca import CertificateAuthority
from simulator.world.clock import utc_now

NOW = utc_now()  # OpenSSL uses the real clock
SERVICE = "abcdefghij.eu-west-1.awsapprunner.localhost"
OWN = [SERVICE, "abcdefghij.eu-west-1.awsapprunner.com", "localhost", "api.localhost", "127.0.0.1", "127.9.9.9", "::1"]


def forged(authority: CertificateAuthority, host: str) -> Path:
    """Create a leaf for any host with the authority's key and its unchanged certificate, as a thief of the
    key could.
    """
    path = authority.certificate_path.parent / "forged.pem"
    path.write_bytes(authority._issue(host, NOW))
    return path


def handshake_error(leaf: Path, roots: Path, host: str) -> str:
    """Return OpenSSL's error for a client that trusts `roots`; empty if the client accepts the leaf."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(leaf)
    client.load_verify_locations(roots)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return ""


@pytest.mark.case("R8")
@pytest.mark.parametrize("host", OWN)
def test_service_urls_and_loopback_are_permitted_from_the_start(tmp_path: Path, host: str) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    first = authority.certificate
    assert handshake_error(authority.leaf(host, NOW), authority.certificate_path, host) == ""
    assert authority.certificate == first


@pytest.mark.case("R8")
@pytest.mark.parametrize("host", ["bank.example", "localhost.example", "notawsapprunner.com", "10.0.0.1", "::2"])
def test_the_key_cannot_sign_for_other_names(tmp_path: Path, host: str) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    told = handshake_error(forged(authority, host), authority.certificate_path, host)
    assert told == "permitted subtree violation"


@pytest.mark.case("R8")
@pytest.mark.parametrize("host", ["www.shop.example", "*.shop.example", "10.0.0.1"])
def test_a_configured_name_is_added_and_earlier_trust_remains_valid(tmp_path: Path, host: str) -> None:
    authority = CertificateAuthority(tmp_path / "ca", NOW)
    trusted_before = tmp_path / "trusted.pem"
    shutil.copyfile(authority.certificate_path, trusted_before)
    own = authority.leaf(SERVICE, NOW)
    asked = host.replace("*", "a")
    leaf = authority.leaf(host, NOW)
    assert handshake_error(leaf, authority.certificate_path, asked) == ""
    assert handshake_error(leaf, trusted_before, asked) == "permitted subtree violation"
    for roots in (authority.certificate_path, trusted_before):
        assert handshake_error(own, roots, SERVICE) == ""
    assert handshake_error(forged(authority, "other.example"), authority.certificate_path, "other.example") != ""
    # The certificate remains for the next start, and for another process that had opened the authority before.
    again = CertificateAuthority(tmp_path / "ca", NOW)
    assert again.certificate == authority.certificate
    assert not again.is_due(host, NOW)


@pytest.mark.case("R8")
def test_names_added_by_two_processes_are_all_kept(tmp_path: Path) -> None:
    first, second = CertificateAuthority(tmp_path, NOW), CertificateAuthority(tmp_path, NOW)
    leaves = [(first.leaf("a.example", NOW), "a.example"), (second.leaf("b.example", NOW), "b.example")]
    assert [handshake_error(leaf, first.certificate_path, host) for leaf, host in leaves] == ["", ""]


@pytest.mark.case("R8")
def test_an_authority_without_name_constraints_is_replaced_with_its_key(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, NOW)
    builder = x509.CertificateBuilder(
        authority.certificate.issuer,
        authority.certificate.subject,
        authority.certificate.public_key(),
        x509.random_serial_number(),
        NOW,
        NOW + timedelta(days=3650),
        [each for each in authority.certificate.extensions if not isinstance(each.value, x509.NameConstraints)],
    )
    key = authority._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    old = builder.sign(authority._key, hashes.SHA256())
    (tmp_path / "authority.pem").write_bytes(key + old.public_bytes(Encoding.PEM))
    new = CertificateAuthority(tmp_path, NOW)
    assert new.certificate.public_key() != old.public_key()
    assert handshake_error(new.leaf(SERVICE, NOW), new.certificate_path, SERVICE) == ""


@pytest.mark.case("R8")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_trusts_the_permitted_names_and_no_others(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, NOW)

    def fetched(leaf: Path, host: str) -> int:
        """Return curl's exit code, which is 60 if it does not trust the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

            def answer() -> None:
                connection, _ = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(65536)
                        secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                except OSError:  # the server closed the connection
                    connection.close()

            thread = threading.Thread(target=answer)
            thread.start()
            command = ["curl", "-sS", "--noproxy", "*", "--cacert", str(authority.certificate_path)]
            command += ["--resolve", f"{host}:{port}:127.0.0.1", f"https://{host}:{port}/"]
            code = subprocess.run(command, capture_output=True, timeout=60, check=False).returncode
            thread.join(5)
        return code

    assert fetched(authority.leaf(SERVICE, NOW), SERVICE) == 0
    assert fetched(forged(authority, "bank.example"), "bank.example") == 60
    assert fetched(authority.leaf("www.shop.example", NOW), "www.shop.example") == 0
