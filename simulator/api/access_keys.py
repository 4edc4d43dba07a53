"""Access keys: which credentials may call the API, and for which account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.rules.iam.identity import IamIdentity

# Twelve digits as in AWS's documentation; other AWS emulators use it too.
DEFAULT_ACCOUNT: Final = "123456789012"
DEFAULT_REGION: Final = "us-east-1"

_ACCOUNT_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. A key with `session_token` is temporary, and requests must include the token.

    `identity`: the user or role that the key belongs to; None: without policies, so that everything is allowed.

    Raises:
        ValueError: if the id or secret is empty, the account does not have 12 digits, or the identity belongs to
            another account.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account: str = DEFAULT_ACCOUNT
    session_token: str | None = field(default=None, repr=False)
    identity: IamIdentity | None = None

    def __post_init__(self) -> None:
        if not self.access_key_id or not self.secret_access_key:
            raise ValueError("access_key_id = '', must be given together with secret_access_key")
        if not is_account(self.account):
            msg = f"account = {self.account!r}, must be 12 digits"
            raise ValueError(msg)
        if self.identity is not None and self.identity.account != self.account:
            msg = f"principal_arn = {self.identity.arn}, must be of the key's account {self.account}"
            raise ValueError(msg)


class AccessKeys:
    """The configured keys by id. Raises ValueError if two keys have the same id."""

    def __init__(self, keys: Iterable[AccessKey] = ()) -> None:
        self._by_id: dict[str, AccessKey] = {}
        self.replace(keys)

    def replace(self, keys: Iterable[AccessKey]) -> None:
        """Accept these keys from now on, and no others. Raises ValueError if two have the same id; nothing changes."""
        by_id: dict[str, AccessKey] = {}
        for key in keys:
            if key.access_key_id in by_id:
                msg = f"access_key_id = {key.access_key_id!r}, must be unique"
                raise ValueError(msg)
            by_id[key.access_key_id] = key
        self._by_id = by_id

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def __iter__(self) -> Iterator[AccessKey]:
        return iter(self._by_id.values())

    def get(self, access_key_id: str) -> AccessKey | None:
        return self._by_id.get(access_key_id)


def account_of(access_key_id: str, default: str) -> str:
    """Return the account if no keys are configured: an id of 12 digits is the account, as in other AWS emulators."""
    return access_key_id if is_account(access_key_id) else default


def is_account(text: str) -> bool:
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()
