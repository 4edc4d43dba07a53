"""STS AssumeRole: roles that callers may assume, and the temporary keys of their sessions.

A session is kept in memory for some time after its end, so that calls with its key get ExpiredTokenException; a restart
ends all sessions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.api.access_keys import AccessKey
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.access_request import AccessRequest
from simulator.rules.iam.evaluation import decide
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.rules.iam.policy import IamPolicy
from simulator.rules.iam.policy_document import parse_policy
from simulator.rules.iam.policy_problems import IamPolicyError
from simulator.rules.iam.policy_size import SESSION_MAX, size_problem

SESSION_S: Final = 3600  # the default of DurationSeconds
CHAINED_S_MAX: Final = 3600  # of a role that a role's session assumes
SESSIONS_MAX: Final = 10_000
_ACTION: Final = "sts:AssumeRole"
_MANAGED: Final = "arn:aws:iam::aws:policy/"
_EVERYONE: Final = "*"
_ID_LETTERS: Final = 16  # characters of an access key id after its prefix


@dataclass(frozen=True, slots=True)
class AssumableRole:
    """A role. `trusted`: accounts, ARNs of users and roles, or `*`, which may assume it; empty: its own account.

    Without `policies` its sessions may perform every action. `session_s_max`: its MaxSessionDuration.
    """

    arn: str
    policies: tuple[IamPolicy, ...] | None = None
    boundary: IamPolicy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    session_s_max: float = SESSION_S

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def id(self) -> str:
        """The unique id of the role, as AWS writes it."""
        return "AROA" + base64.b32encode(hashlib.sha256(self.arn.encode()).digest()).decode()[:17]


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """The key of a session. `expires_s`: seconds since 1970."""

    key: AccessKey
    expires_s: float

    def require(self, now_s: float) -> None:
        """Raise ApiError if the session has ended."""
        if now_s >= self.expires_s:
            raise ApiError("ExpiredTokenException", "The security token included in the request is expired")


class RoleSessions:
    """The sessions of roles."""

    def __init__(self, roles: Iterable[AssumableRole]) -> None:
        self._roles = {role.arn: role for role in roles}
        self._issued: dict[str, IssuedKey] = {}

    def replace(self, roles: Iterable[AssumableRole]) -> None:
        """Let callers assume only these roles from now on. Sessions keep the policies of their start.

        # ASSUMPTION: they do here; on AWS a changed policy of a role also applies to its sessions after some time.
        """
        self._roles = {role.arn: role for role in roles}

    def issued(self, access_key_id: str) -> IssuedKey | None:
        return self._issued.get(access_key_id)

    def assume(self, principal: Principal, request: Mapping[str, Any], now_s: float) -> dict[str, Any]:
        """Return the response of AssumeRole. Raises ApiError."""
        arn, session = str(request["RoleArn"]), str(request["RoleSessionName"])
        role = self._roles.get(arn)
        if role is None or not _may_assume(principal, role):
            known = "" if role is not None else f"roles are in `api: roles`: {', '.join(self._roles) or 'none'}"
            message = f"User: {_arn(principal)} is not authorized to perform: {_ACTION} on resource: {arn}"
            raise ApiError("AccessDenied", message, known)
        duration_s = _duration_s(principal, role, request.get("DurationSeconds"))
        policies = tuple(_session_policies(request))
        if size_problem(policies, SESSION_MAX):
            size = round(100 * sum(policy.characters for policy in policies) / SESSION_MAX)
            message = f"Packed policy consumes {size}% of allotted space, please use smaller policy."
            raise ApiError("PackedPolicyTooLarge", message)
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in request.get("Tags", [])}
        session_arn = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}"
        identity = IamIdentity(session_arn, role.policies, role.boundary, policies, {**role.tags, **tags})
        key = AccessKey(
            "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()[:_ID_LETTERS],
            secrets.token_urlsafe(30),
            role.account,
            secrets.token_urlsafe(120),
            identity,
        )
        while len(self._issued) >= SESSIONS_MAX:
            del self._issued[next(iter(self._issued))]
        self._issued[key.access_key_id] = IssuedKey(key, now_s + duration_s)
        return {
            "Credentials": {
                "AccessKeyId": key.access_key_id,
                "SecretAccessKey": key.secret_access_key,
                "SessionToken": key.session_token,
                "Expiration": now_s + duration_s,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{session}", "Arn": session_arn},
            "PackedPolicySize": round(100 * sum(policy.characters for policy in policies) / SESSION_MAX),
        }


def _arn(principal: Principal) -> str:
    identity = principal.identity
    return f"arn:aws:iam::{principal.account}:user/simulator" if identity is None else identity.arn


def _may_assume(principal: Principal, role: AssumableRole) -> bool:
    """Decide as AWS does: within an account, a role that trusts the caller itself needs no policy of the caller.

    Otherwise the role trusts the caller's account, and the caller's policies must allow the call.
    """
    arn, identity, account = _arn(principal), principal.identity, principal.account
    names = {arn} if identity is None else {arn, identity.keys(principal.access_key)["aws:PrincipalArn"]}
    trusted = role.trusted or (role.account,)
    by_name = not names.isdisjoint(trusted)
    by_account = not {account, f"arn:aws:iam::{account}:root", _EVERYONE}.isdisjoint(trusted)
    if not by_name and not by_account:
        return False
    if identity is None or not identity.is_limited:
        return True
    keys = identity.keys(principal.access_key) | {"aws:SourceIp": principal.source_ip}
    decision = decide(identity, AccessRequest.of(_ACTION, role.arn, keys))
    is_denied = decision.by is not None and not decision.allowed
    return decision.allowed or (by_name and account == role.account and not is_denied)


def _duration_s(principal: Principal, role: AssumableRole, given: int | None) -> float:
    is_chained = principal.identity is not None and ":assumed-role/" in principal.identity.arn
    if given is None:
        return SESSION_S
    if is_chained and given > CHAINED_S_MAX:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise ApiError("ValidationError", message)
    if given > role.session_s_max:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise ApiError("ValidationError", message, f"`max_session` of the role is {role.session_s_max:g} s")
    return given


def _session_policies(request: Mapping[str, Any]) -> Iterable[IamPolicy]:
    """Yield the session policies of a call. Raises ApiError."""
    for given in request.get("PolicyArns", []):
        name = str(given.get("arn", "")).removeprefix(_MANAGED)
        if name not in MANAGED_POLICIES:
            hint = f"known are {', '.join(MANAGED_POLICIES)}"
            raise ApiError("MalformedPolicyDocument", f"The policy {given.get('arn')} does not exist.", hint)
        yield MANAGED_POLICIES[name]
    text = request.get("Policy")
    if text is None:
        return
    try:
        yield parse_policy(json.loads(text), "the session policy")
    except (ValueError, RecursionError) as error:
        hint = str(error) if isinstance(error, IamPolicyError) else ""
        raise ApiError("MalformedPolicyDocument", "This policy contains invalid Json", hint) from error
