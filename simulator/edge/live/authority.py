"""The local certificate authority of a state folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.world.clock import utc_now

if TYPE_CHECKING:
    from simulator.wire.ca import CertificateAuthority


def local_authority(state: Path) -> CertificateAuthority:
    """Return the authority in `state`, creating it if there is none. Raises OSError, ValueError."""
    from simulator.wire.ca import CertificateAuthority  # noqa: PLC0415 cryptography, for TLS only

    return CertificateAuthority(state / "ca", utc_now())
