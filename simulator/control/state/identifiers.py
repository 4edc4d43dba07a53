"""Identifiers of new resources: unique in a store, and reproducible with the same seed and sequence of calls."""

from __future__ import annotations

import string
from typing import Final

from simulator.control.state.registry import Registry
from simulator.world.random_streams import RandomStreams

_HOST_ALPHABET: Final = string.ascii_lowercase + string.digits  # as in psbqam834h (facts 1.5)
_HOST_LENGTH: Final = 10
_VALIDATION_LENGTH: Final = 10  # _<32 hex>.<10 letters>.acm-validations.aws. (facts 10.3)


class Identifiers:
    """Creates identifiers. Each uses the registry's next number, so call the methods inside `registry.change()`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._streams = RandomStreams(registry.seed)

    def hexadecimal(self, kind: str) -> str:
        """Return 32 lowercase hexadecimal digits."""
        return self._streams.identifier(kind, self._registry.next_number())

    def uuid(self, kind: str) -> str:
        """Return a UUID with dashes, in the form of version 4."""
        digits = self.hexadecimal(kind)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def host_label(self) -> str:
        """Return the first label of a service's host name."""
        return self._letters("host", _HOST_ALPHABET, _HOST_LENGTH)

    def validation_label(self) -> str:
        return self._letters("validation", string.ascii_lowercase, _VALIDATION_LENGTH)

    def security_group(self) -> str:
        return f"sg-{self.hexadecimal('security group')[:17]}"

    def secret(self, name: str) -> bytes:
        """Return a secret key of this store, which is the same after every start."""
        return bytes.fromhex(self._streams.identifier("secret", name, length=64))

    def _letters(self, kind: str, alphabet: str, length: int) -> str:
        draw = self._streams.stream(kind, self._registry.next_number())
        return "".join(alphabet[index] for index in draw.integers(len(alphabet), size=length))
