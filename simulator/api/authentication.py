"""Authentication: determines from a request's head the account and Region that it acts on.

If keys are configured, every request must be signed with one of them. Otherwise every request is accepted without
verification; the code that opens the listener allows this on loopback only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.api.access_keys import DEFAULT_ACCOUNT, DEFAULT_REGION, AccessKey, AccessKeys, account_of
from simulator.api.signature import Credential, SignedRequest, check_region, verify
from simulator.model.resources.api_error import ApiError

if TYPE_CHECKING:
    from simulator.api.role_sessions import RoleSessions
    from simulator.rules.iam.identity import IamIdentity

_UNKNOWN_KEY: Final = "The security token included in the request is invalid."
_ANONYMOUS: Final = "anonymous"
_SHOWN_MAX: Final = 128  # number of characters of an unverified id in the audit log


class Identity(NamedTuple):
    access_key_id: str
    account: str
    region: str
    iam: IamIdentity | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """Finds the principal of a request.

    `account` and `region` apply to requests that contain none, which are accepted only if no keys are configured.
    `sessions` has the temporary keys of assumed roles.
    """

    keys: AccessKeys = field(default_factory=AccessKeys)
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    sessions: RoleSessions | None = None

    @property
    def is_open(self) -> bool:
        """True if no keys are configured, so that every key is accepted."""
        return not self.keys

    def identity_of(self, access_key_id: str) -> IamIdentity | None:
        """Return the identity of a key that has been used before. Raises ApiError if the key no longer exists."""
        if self.sessions is not None and (issued := self.sessions.issued(access_key_id)) is not None:
            return issued.key.identity
        if self.is_open:
            return None
        key = self.keys.get(access_key_id)
        if key is None:
            raise ApiError("UnrecognizedClientException", _UNKNOWN_KEY)
        return key.identity

    def identify(self, request: SignedRequest, now_s: float) -> Identity:
        """Return the account, Region and key of a request. Raises ApiError (403)."""
        return self._anybody(request, now_s) if self.is_open else self._signer(request, now_s)

    def _signer(self, request: SignedRequest, now_s: float) -> Identity:
        if "X-Amz-Algorithm" in request.query or "X-Amz-Signature" in request.query:
            raise ApiError(
                "IncompleteSignatureException", "The signature must be in the Authorization header, not in the query."
            )
        authorization = request.headers.get("authorization")
        if not authorization:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        credential = Credential.parse(authorization)
        key = self.keys.get(credential.access_key_id) or self._of_session(credential, now_s)
        if key is None:
            raise ApiError("UnrecognizedClientException", _UNKNOWN_KEY)
        verify(credential, key, request, now_s)
        return Identity(key.access_key_id, key.account, credential.region, key.identity)

    def _of_session(self, credential: Credential, now_s: float) -> AccessKey | None:
        """Return the key of a role's session, if it is one. Raises ApiError if the session has ended."""
        issued = None if self.sessions is None else self.sessions.issued(credential.access_key_id)
        if issued is None:
            return None
        issued.require(now_s)
        return issued.key

    def _anybody(self, request: SignedRequest, now_s: float) -> Identity:
        authorization = request.headers.get("authorization")
        if not authorization:
            return Identity(_ANONYMOUS, self.account, self.region)
        credential = Credential.parse(authorization)
        check_region(credential)
        if self._of_session(credential, now_s) is not None:
            return self._signer(request, now_s)
        account = account_of(credential.access_key_id, self.account)
        return Identity(credential.access_key_id[:_SHOWN_MAX], account, credential.region)
