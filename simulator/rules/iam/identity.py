"""The IAM identity of a caller: its ARN and the policies that restrict it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from simulator.rules.iam.policy import IamPolicy

_PRINCIPAL: Final = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):(?:iam::(?P<account>[0-9]{12}):user/(?P<path>(?:[\w+=,.@-]+/)*)"
    r"(?P<user>[\w+=,.@-]{1,64})"
    r"|sts::(?P<session_account>[0-9]{12}):assumed-role/(?P<role>[\w+=,.@-]{1,64})/(?P<session>[\w+=,.@-]{2,64}))"
)


@dataclass(frozen=True, slots=True)
class IamIdentity:
    """A caller. `arn` is the ARN of an IAM user, or of the session of an assumed role.

    If `policies` is None, there are no identity policies and everything is allowed. `boundary` and `session_policies`
    restrict what the policies allow, and allow nothing by themselves. `tags` are those of the user or role.

    Raises:
        ValueError: if `arn` is the ARN of neither a user nor a session.
    """

    arn: str
    policies: tuple[IamPolicy, ...] | None = None
    boundary: IamPolicy | None = None
    session_policies: tuple[IamPolicy, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if _PRINCIPAL.fullmatch(self.arn) is None:
            msg = (
                f"principal_arn = {self.arn}, must be the ARN of a user or of a role's session, such as "
                "arn:aws:iam::123456789012:user/alice or arn:aws:sts::123456789012:assumed-role/deploy/ci"
            )
            raise ValueError(msg)

    @property
    def is_limited(self) -> bool:
        """False if every action on every resource is allowed."""
        return self.policies is not None or self.boundary is not None or bool(self.session_policies)

    @property
    def account(self) -> str:
        match = self._parts
        return match["account"] or match["session_account"]

    @property
    def user(self) -> str:
        """The user's name without its path; empty for a role."""
        return self._parts["user"] or ""

    def keys(self, access_key_id: str) -> dict[str, str]:
        """Return the condition keys of the principal. A role's session has the role's ARN as aws:PrincipalArn."""
        match = self._parts
        keys = {f"aws:PrincipalTag/{name}": value for name, value in self.tags.items()}
        keys |= {"aws:PrincipalAccount": self.account, "aws:PrincipalIsAWSService": "false"}
        if match["user"]:
            # ASSUMPTION: the access key's id is used as the unique id of the user or role (AIDA…, AROA…), which is
            # known only to IAM; an IAM endpoint would settle it.
            return keys | {
                "aws:PrincipalArn": self.arn,
                "aws:PrincipalType": "User",
                "aws:username": match["user"],
                "aws:userid": access_key_id,
            }
        return keys | {
            "aws:PrincipalArn": f"arn:{match['partition']}:iam::{self.account}:role/{match['role']}",
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": f"{access_key_id}:{match['session']}",
        }

    @property
    def _parts(self) -> re.Match[str]:
        match = _PRINCIPAL.fullmatch(self.arn)
        assert match is not None, self.arn
        return match
