"""KMS for tests: data keys that are only "encrypted" with a name, and keys that a test can disable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from simulator.fleet.credentials.key_service import DataKey, KeyService, KeyUnusable

KEY = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


class FakeKeys:
    """`disabled`: True if no key can be used. `asked`: the calls."""

    def __init__(self) -> None:
        self.disabled = False
        self.asked: list[str] = []

    async def check(self, key: str) -> None:
        self.asked.append("check")
        if self.disabled:
            raise KeyUnusable(f"the KMS key {key} cannot be used: its state is Disabled")

    async def new_data_key(self, key: str, context: Mapping[str, str]) -> DataKey:
        await self.check(key)
        self.asked.append("new")
        plain = bytes([len(self.asked)]) * 32
        return DataKey(plain, json.dumps([key, dict(context), plain.hex()]).encode())

    async def decrypted(self, key: str, encrypted: bytes, context: Mapping[str, str]) -> bytes:
        await self.check(key)
        self.asked.append("decrypt")
        given_key, given_context, plain = json.loads(encrypted)
        assert (given_key, given_context) == (key, dict(context))
        return bytes.fromhex(plain)

    def as_service(self) -> KeyService:
        return cast("KeyService", self)
