"""Authentication: from a request's head to the account and Region it acts on.

With keys configured every request has to be signed with one of them. Without, anything goes and nothing is verified:
that is for loopback only, which whoever opens the listener sees to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from simulator.api.access_keys import DEFAULT_ACCOUNT, DEFAULT_REGION, AccessKeys, account_of
from simulator.api.signature import Credential, Headers, SignedRequest, check_region, verify
from simulator.model.api_error import ApiError

_UNKNOWN_KEY: Final = "The security token included in the request is invalid."
_ANONYMOUS: Final = "anonymous"
_SHOWN_MAX: Final = 128  # of an id that nobody has checked, in the audit log


@dataclass(frozen=True, slots=True)
class Identity:
    access_key_id: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """`account` and `region` are for requests that name none, which only pass when there are no keys."""

    keys: AccessKeys = field(default_factory=AccessKeys)
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION

    @property
    def is_open(self) -> bool:
        """Whether any key will do."""
        return not self.keys

    def identify(self, request: SignedRequest, now_s: float) -> Identity:
        """Raises ApiError (403)."""
        return self._anybody(request.headers) if self.is_open else self._signer(request, now_s)

    def _signer(self, request: SignedRequest, now_s: float) -> Identity:
        if "X-Amz-Algorithm" in request.query or "X-Amz-Signature" in request.query:
            raise ApiError(
                "IncompleteSignatureException", "The signature must be in the Authorization header, not in the query."
            )
        authorization = request.headers.get("authorization")
        if not authorization:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        credential = Credential.parse(authorization)
        key = self.keys.get(credential.access_key_id)
        if key is None:
            raise ApiError("UnrecognizedClientException", _UNKNOWN_KEY)
        verify(credential, key, request, now_s)
        return Identity(key.access_key_id, key.account, credential.region)

    def _anybody(self, headers: Headers) -> Identity:
        authorization = headers.get("authorization")
        if not authorization:
            return Identity(_ANONYMOUS, self.account, self.region)
        credential = Credential.parse(authorization)
        check_region(credential)
        account = account_of(credential.access_key_id, self.account)
        return Identity(credential.access_key_id[:_SHOWN_MAX], account, credential.region)
