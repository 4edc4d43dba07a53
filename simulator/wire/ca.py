"""The local certificate authority: made once in a state folder, used again by every later run.

Files, all readable by their owner alone: `authority.pem` (key and certificate in one, so that they cannot be torn
apart), `root.pem` (the certificate, to be trusted by clients) and `leaves/<host>.pem`. `ssl` loads keys from files
only, hence leaf keys are files too. Keys and serial numbers come from the system's random source, not from the run's
seed: they are secrets, and nothing that a run measures depends on them.
"""

from __future__ import annotations

import os
import re
import tempfile
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ROOT_LIFE: Final = timedelta(days=3650)
# Short, so that a lost key is soon worthless; browsers accept up to 398 days.
_LEAF_LIFE: Final = timedelta(days=30)
_LEAF_DUE: Final = timedelta(days=10)
# Clients with a slow clock should not find a certificate that begins in their future.
_BACKDATE: Final = timedelta(hours=1)
_HOST: Final = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class CertificateAuthority:
    """`now` is the calendar's time, with a zone."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Use the authority in `folder`, or make one there when there is none or it has expired.

        Raises:
            OSError: when the folder cannot be written.
            ValueError: when what lies there is not an authority.
        """
        self._folder = folder
        self._leaves = folder / "leaves"
        for each in (folder, self._leaves):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            each.chmod(0o700)
        self._file = folder / "authority.pem"
        self.certificate_path = folder / "root.pem"
        if not self._file.exists():
            _place_once(self._file, _new_authority(now))
        self._load()
        if self.certificate.not_valid_after_utc <= now + _LEAF_LIFE:
            _place(self._file, _new_authority(now))
            self._load()
        root = self.certificate.public_bytes(Encoding.PEM)
        if not self.certificate_path.exists() or self.certificate_path.read_bytes() != root:
            _place(self.certificate_path, root)

    def leaf(self, host: str, now: datetime) -> Path:
        """A PEM file with key and certificate for `host` (a name, `*.name`, or an address), valid for some days.

        Raises:
            ValueError: when `host` is not a host name.
        """
        path = self._leaf_path(host)
        if self.is_due(host, now):
            _place(path, self._issue(host.lower(), now))
        return path

    def is_due(self, host: str, now: datetime) -> bool:
        """Whether the certificate of `host` is missing, not valid yet, near its end, or another authority's."""
        path = self._leaf_path(host)
        if not path.exists():
            return True
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except Exception:  # noqa: BLE001 cryptography raises several kinds; none of them is our certificate
            return True
        # A clock that was set back makes a certificate of the future as useless as one of the past.
        return not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _LEAF_DUE

    def _leaf_path(self, host: str) -> Path:
        name = host.lower()
        if _HOST.fullmatch(name) is None and not _is_address(name):
            msg = f"host = {host!r}, must be a host name or an address"
            raise ValueError(msg)
        return self._leaves / f"{name.replace('*', '_').replace(':', '-')}.pem"

    def _load(self) -> None:
        pem = self._file.read_bytes()
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            msg = f"{self._file} must hold an elliptic curve key"
            raise ValueError(msg)  # noqa: TRY004 the type is the file's content
        self._key = key
        self.certificate = x509.load_pem_x509_certificate(pem)

    def _issue(self, host: str, now: datetime) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        name: x509.GeneralName = x509.IPAddress(ip_address(host)) if _is_address(host) else x509.DNSName(host)
        certificate = (
            _builder(x509.Name([]), self.certificate.subject, key, now, _LEAF_LIFE)
            # Critical, because the subject is empty (RFC 5280 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _key_pem(key) + certificate.public_bytes(Encoding.PEM)


def _new_authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own each time: clients that trusted an earlier one must not mix the two up.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"App Runner simulator local CA {mark}")])
    certificate = (
        _builder(name, name, key, now, _ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
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


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _place(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step, readable by the owner alone from the first byte."""
    _written_beside(path, content).replace(path)


def _place_once(path: Path, content: bytes) -> None:
    """The same, unless somebody else was faster: then theirs stays."""
    written = _written_beside(path, content)
    try:
        path.hardlink_to(written)
    except FileExistsError:
        return
    finally:
        written.unlink()


def _written_beside(path: Path, content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)
