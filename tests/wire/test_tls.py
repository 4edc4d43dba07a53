"""TLS handshakes in memory, without sockets and so without races."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates, client_context, server_context

HOST = "abcdefghij.eu-west-1.awsapprunner.localhost"


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 OpenSSL judges certificates by the real calendar


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"), now)


@pytest.fixture
def certificates(authority: CertificateAuthority, now: datetime) -> ServerCertificates:
    certificates = ServerCertificates(authority, now)
    certificates.add(HOST, now)
    return certificates


class Handshake:
    """A client and a server that exchange bytes in memory."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, name: str, session: object = None) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(to_server, to_client, server_side=True)
        self.client = client.wrap_bio(to_client, to_server, server_hostname=name, session=session)  # type: ignore[arg-type]
        done = {self.client: False, self.server: False}
        for _ in range(10):
            for side in done:
                try:
                    side.do_handshake()
                    done[side] = True
                except ssl.SSLWantReadError:
                    pass
        assert all(done.values()), "the handshake did not end"

    @property
    def names(self) -> list[str]:
        der = self.client.getpeercert(binary_form=True)
        assert der is not None
        leaf = x509.load_der_x509_certificate(der)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names]


@pytest.mark.row(115)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_supported(
    certificates: ServerCertificates, authority: CertificateAuthority, version: ssl.TLSVersion
) -> None:
    client = client_context(authority)
    client.minimum_version = client.maximum_version = version
    assert Handshake(certificates.context, client, HOST).client.version() == version.name.replace("_", ".")


@pytest.mark.row(115)
def test_tls_1_1_is_rejected(certificates: ServerCertificates) -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an obsolete version, intentionally
        client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        Handshake(certificates.context, client, HOST)


@pytest.mark.row(115)
def test_only_forward_secret_aead_ciphers_are_offered_at_1_2() -> None:
    names = [each["name"] for each in server_context().get_ciphers() if each["protocol"] == "TLSv1.2"]
    assert names
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "POLY1305" in name) for name in names)


@pytest.mark.row(115)
@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
def test_a_handshake_with_other_ciphers_fails(
    certificates: ServerCertificates, authority: CertificateAuthority, cipher: str
) -> None:
    client = client_context(authority)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError):
        Handshake(certificates.context, client, HOST)


@pytest.mark.row(116)
@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], None), (["http/1.0"], None), ([], None)],
)
def test_alpn_selects_http_1_1_or_no_protocol(
    certificates: ServerCertificates, authority: CertificateAuthority, offered: list[str], chosen: str | None
) -> None:
    client = client_context(authority)
    client.set_alpn_protocols(offered)
    assert Handshake(certificates.context, client, HOST).client.selected_alpn_protocol() == chosen


@pytest.mark.row(116)
def test_each_host_gets_its_certificate(certificates: ServerCertificates, authority: CertificateAuthority) -> None:
    handshake = Handshake(certificates.context, client_context(authority), HOST.upper())
    assert handshake.names == [HOST]
    assert certificates.host_of(handshake.server.context) == HOST


@pytest.mark.row(116)
def test_an_unknown_name_gets_the_default_certificate(
    certificates: ServerCertificates, authority: CertificateAuthority
) -> None:
    client = client_context(authority)
    client.check_hostname = False
    handshake = Handshake(certificates.context, client, "absent.example")
    assert handshake.names == ["localhost"]
    assert certificates.host_of(handshake.server.context) == ""


def test_a_removed_host_gets_the_default_certificate(
    certificates: ServerCertificates, authority: CertificateAuthority
) -> None:
    certificates.remove(HOST)
    client = client_context(authority)
    client.check_hostname = False
    assert Handshake(certificates.context, client, HOST).names == ["localhost"]


def test_certificates_near_their_end_are_renewed_for_the_next_handshake(
    certificates: ServerCertificates, authority: CertificateAuthority, now: datetime
) -> None:
    assert certificates.renew(now) == []
    before = Handshake(certificates.context, client_context(authority), HOST)
    assert certificates.renew(now + timedelta(days=25)) == [HOST]
    # The new certificate is valid from an hour before its creation, so the client does not check the time.
    client = client_context(authority)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    after = Handshake(certificates.context, client, HOST)
    assert before.client.getpeercert(binary_form=True) != after.client.getpeercert(binary_form=True)
    assert certificates.host_of(before.server.context) == HOST


def test_a_session_is_resumed_at_1_2(certificates: ServerCertificates, authority: CertificateAuthority) -> None:
    client = client_context(authority)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    first = Handshake(certificates.context, client, HOST)
    again = Handshake(certificates.context, client, HOST, first.client.session)
    assert again.client.session_reused
