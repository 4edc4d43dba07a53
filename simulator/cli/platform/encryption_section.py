"""The `encryption` section of the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field

from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.scenario.sections.base_model import Section

if TYPE_CHECKING:
    from simulator.platform.stored_copies.stored_copies import StoredCopies

_FOLDER: Final = "copies"  # below the state folder


class EncryptionSection(Section):
    """The KMS keys of services. Credentials come from the environment or a profile."""

    kms_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint with the keys, for example moto; without it keys have no effect."""

    def copies(self, state: Path) -> StoredCopies | None:
        """Return the store of encrypted copies of what services run; None without an endpoint."""
        if self.kms_endpoint is None:
            return None
        from simulator.fleet.credentials.key_service import KeyService  # noqa: PLC0415 few configurations need it
        from simulator.platform.stored_copies.stored_copies import StoredCopies  # noqa: PLC0415

        return StoredCopies(state / _FOLDER, KeyService(self.kms_endpoint))
