"""KMS at a configured endpoint: checks whether a key can be used, and creates and decrypts data keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.fleet.credentials.assumed_role import NoCredentialsError, ask

_ENABLED: Final = "Enabled"
_USAGE: Final = "ENCRYPT_DECRYPT"
_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


class KeyUnusable(Exception):
    """The key cannot be used now. The message is a clause without its subject, to be put after the name of the key."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key: as plain text for use, and encrypted by its KMS key for storage."""

    plain: bytes = field(repr=False)
    encrypted: bytes


class KeyService:
    """A client of KMS. Keys are named by full ARNs. Credentials come from botocore's usual sources."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session: Any = None

    async def check(self, key: str) -> None:
        """Raise KeyUnusable unless the key exists, is enabled, and is a symmetric encryption key.

        KMS itself checks this at each use; replacements such as moto do not.
        """
        about = (await self._ask("describe_key", {"KeyId": key}, key))["KeyMetadata"]
        state = about.get("KeyState", _ENABLED)
        if state != _ENABLED:
            raise KeyUnusable(f"the KMS key {key} cannot be used: its state is {state}")
        if about.get("KeyUsage", _USAGE) != _USAGE or about.get("KeySpec", _SYMMETRIC) != _SYMMETRIC:
            raise KeyUnusable(f"the KMS key {key} cannot be used: it is not a symmetric encryption key")

    async def new_data_key(self, key: str, context: Mapping[str, str]) -> DataKey:
        """Return a new data key. `context`: encryption context, required again for decryption. Raises KeyUnusable."""
        await self.check(key)
        request = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
        answer = await self._ask("generate_data_key", request, key)
        return DataKey(bytes(answer["Plaintext"]), bytes(answer["CiphertextBlob"]))

    async def decrypted(self, key: str, encrypted: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plain text of a data key. Raises KeyUnusable."""
        await self.check(key)
        request = {"KeyId": key, "CiphertextBlob": encrypted, "EncryptionContext": dict(context)}
        return bytes((await self._ask("decrypt", request, key))["Plaintext"])

    async def _ask(self, call: str, request: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        if self._session is None:
            from aiobotocore.session import get_session  # noqa: PLC0415 half a second of import for who needs it

            self._session = get_session()
        try:
            return await ask(
                self._session, "kms", self._endpoint, key.split(":")[3], call, request, about=f"the key {key}"
            )
        except NoCredentialsError as error:
            raise KeyUnusable(f"the KMS key {key} cannot be used: {error}") from error
