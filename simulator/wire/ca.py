"""The local certificate authority: created once in a state folder and reused by every later run.

Files, all readable by their owner only: `authority.pem` (key and certificate in one file, so that they always match),
`root.pem` (the certificate that clients trust) and `leaves/<host>.pem`. `ssl` loads keys only from files, so leaf keys
are files too. Keys and serial numbers come from the system's random source, not from the run's seed: they are secrets,
and no measurement of a run depends on them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.world.private_files import make_private_folder, own_private_folder, write_private

ROOT_NAME: Final = "root.pem"  # file of the certificate that clients trust

_ROOT_LIFE: Final = timedelta(days=3650)
# Short, so that a stolen key is soon useless; browsers accept up to 398 days.
_LEAF_LIFE: Final = timedelta(days=30)
_LEAF_DUE: Final = timedelta(days=10)
# Certificates are valid from this long ago, so that clients with a slow clock accept them.
_BACKDATE: Final = timedelta(hours=1)
_CERTIFICATE_BEGINS: Final = b"-----BEGIN CERTIFICATE"
_HOST: Final = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
# Loopback, and the domains of the names that the simulator assigns: service URLs and their counterparts on this
# machine.
_NAMES: Final[tuple[x509.GeneralName, ...]] = (
    x509.DNSName("localhost"),
    x509.DNSName("awsapprunner.localhost"),
    x509.DNSName("awsapprunner.com"),
    x509.IPAddress(ip_network("127.0.0.0/8")),
    x509.IPAddress(ip_network("::1/128")),
)


class CertificateAuthority:
    """Signs the certificates of hosts. `now` is the wall-clock time, with a time zone."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Use the authority in `folder`, or create one there if there is none or it has expired.

        Raises:
            OSError: if the folder cannot be written.
            ValueError: if the file there is not an authority; the message names it.
        """
        self._folder = folder
        self._leaves = folder / "leaves"
        make_private_folder(folder.parent)
        for each in (folder, self._leaves):
            own_private_folder(each)
        self._file = folder / "authority.pem"
        self.certificate_path = folder / ROOT_NAME
        with self._locked():
            if self._file.exists():
                self._load()
            if not self._file.exists() or not self._is_usable(now):
                write_private(self._file, _authority(ec.generate_private_key(ec.SECP256R1()), _NAMES, now))
                self._load()
            self._show()

    @property
    def names(self) -> list[str]:
        """The names that the authority can sign for: host names, each with all its subdomains, and networks."""
        return [str(name.value) for name in _permitted(self.certificate)]

    def leaf(self, host: str, now: datetime) -> Path:
        """Return a PEM file with a key and a certificate for `host` (a name, `*.name`, or an address), valid for some
        days.

        Raises:
            ValueError: if `host` is not a host name.
        """
        path = self._leaf_path(host)
        self._permit(host.lower(), now)
        if self.is_due(host, now):
            write_private(path, self._issue(host.lower(), now))
        return path

    def is_due(self, host: str, now: datetime) -> bool:
        """Return True if the certificate of `host` is missing, damaged, from another CA, not valid yet, or about to
        expire.
        """
        path = self._leaf_path(host)
        if not path.exists():
            return True
        try:  # the file is only a cache: a damaged one is created again
            pem = path.read_bytes()
            certificate = x509.load_pem_x509_certificate(pem)
            certificate.verify_directly_issued_by(self.certificate)
            key = load_pem_private_key(pem, password=None)
        except Exception:  # noqa: BLE001 cryptography raises several kinds; each means that the file is unusable
            return True
        if key.public_key() != certificate.public_key():
            return True
        # If the clock was set back, a certificate can be from the future, which is as invalid as an expired one.
        return not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _LEAF_DUE

    def _leaf_path(self, host: str) -> Path:
        name = host.lower()
        if _HOST.fullmatch(name) is None and not _is_address(name):
            msg = f"host = {host!r}, must be a host name or an address"
            raise ValueError(msg)
        return self._leaves / f"{name.replace('*', '_').replace(':', '-')}.pem"

    def _is_usable(self, now: datetime) -> bool:
        """Return True if the authority is valid for long enough and has name constraints.

        An authority without name constraints is from an earlier version; its key could sign for any name.
        """
        return self.certificate.not_valid_after_utc > now + _LEAF_LIFE and bool(_permitted(self.certificate))

    def _permit(self, host: str, now: datetime) -> None:
        """Create the authority's certificate again with `host` added, if it does not permit `host` yet."""
        if _permits(self.certificate, host):
            return
        with self._locked():
            self._load()  # another process may have done so
            if not _permits(self.certificate, host):
                names = (*_permitted(self.certificate), _name(host.removeprefix("*.")))
                authority = _authority(self._key, names, now)
                # The trusted certificate first: it has the same key, so it also validates the leaves of the earlier
                # authority.
                write_private(self.certificate_path, authority[authority.index(_CERTIFICATE_BEGINS) :])
                write_private(self._file, authority)
                self._load()
            self._show()

    def _show(self) -> None:
        root = self.certificate.public_bytes(Encoding.PEM)
        if not self.certificate_path.exists() or self.certificate_path.read_bytes() != root:
            write_private(self.certificate_path, root)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder, because other processes may use it at the same time."""
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> None:
        pem = self._file.read_bytes()
        try:
            key = load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificate(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(self._damaged()) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError(self._damaged())
        self._key = key
        self.certificate = certificate

    def _damaged(self) -> str:
        return (
            f"{self._file}, must hold an elliptic curve key and its certificate in PEM: put back a copy, or remove the "
            "file and a new authority is made, which clients have to trust again"
        )

    def _issue(self, host: str, now: datetime) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(x509.Name([]), self.certificate.subject, key, now, _LEAF_LIFE)
            # Critical, because the subject is empty (RFC 5280 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName([_name(host)]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _key_pem(key) + certificate.public_bytes(Encoding.PEM)


def _authority(key: ec.EllipticCurvePrivateKey, names: Iterable[x509.GeneralName], now: datetime) -> bytes:
    """Return the key and a new certificate of an authority that permits `names` and their subdomains."""
    permitted = [_subtree(name) for name in names]
    # A different subject each time, so that clients that trusted an earlier authority do not confuse the two.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"App Runner simulator local CA {mark}")])
    certificate = (
        _builder(name, name, key, now, _ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _key_pem(key) + certificate.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(host: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(host)) if _is_address(host) else x509.DNSName(host)


def _subtree(name: x509.GeneralName) -> x509.GeneralName:
    """Return the name in the form of name constraints, in which an address is a network with one address."""
    return x509.IPAddress(ip_network(name.value)) if isinstance(name, x509.IPAddress) else name


def _permitted(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Return the names that the certificate permits; empty if it has no name constraints."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []
    return list(constraints.permitted_subtrees or ())


def _permits(certificate: x509.Certificate, host: str) -> bool:
    if _is_address(host):
        address = ip_address(host)
        networks = [name.value for name in _permitted(certificate) if isinstance(name, x509.IPAddress)]
        return any(address in ip_network(network) for network in networks)
    name = host.removeprefix("*.")
    return any(
        name == each.value or name.endswith(f".{each.value}")
        for each in _permitted(certificate)
        if isinstance(each, x509.DNSName)
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
