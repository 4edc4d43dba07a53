"""The access keys in the configuration of `simulator serve`, and the IAM policies of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from simulator.api.access_keys import DEFAULT_ACCOUNT, AccessKey
from simulator.scenario.document import Document, dotted, parse_document, read_document_text
from simulator.scenario.document import Path as DocumentPath
from simulator.scenario.problems import Problem, ScenarioError, one_of
from simulator.scenario.sections.base_model import Duration, Section
from simulator.scenario.sections.service_spec import ROLE_ARN_PATTERN

if TYPE_CHECKING:
    from simulator.api.role_sessions import AssumableRole, RoleSessions
    from simulator.rules.iam.policy import IamPolicy

Account = Annotated[str, Field(pattern="^[0-9]{12}$")]

MANAGED: Final = ("AWSAppRunnerFullAccess", "AWSAppRunnerReadOnlyAccess")
_MANAGED_ARN: Final = "arn:aws:iam::aws:policy/"


def _policy_source(value: object, info: ValidationInfo) -> object:
    """Return a policy document unchanged, the name of a managed policy, or the path of an existing file."""
    if isinstance(value, dict):
        return value
    text = str(value)
    name = text.removeprefix(_MANAGED_ARN)
    if name in MANAGED:
        return name
    path = Path((info.context or {}).get("folder", ".")) / text
    if not isinstance(value, str) or not path.is_file():
        near = one_of(name, MANAGED).removeprefix("one of ")
        msg = f"{text!r} is not a policy; write a policy document, the path of a JSON file, or {near}"
        raise ValueError(msg)
    return path


PolicySource = Annotated[
    Any,
    BeforeValidator(_policy_source),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]}),
]


class KeySection(Section):
    """An access key that may call the API. Without policies it may perform every action."""

    access_key_id: str = Field(min_length=1)
    """The access key id that clients are configured with."""
    secret_access_key: str = Field(min_length=1, repr=False)
    """Its secret."""
    account: Account = DEFAULT_ACCOUNT
    """The account whose resources it can access, 12 digits in quotation marks."""
    session_token: str | None = Field(default=None, min_length=1, repr=False)
    """The session token of temporary credentials; clients then have to send it."""
    principal_arn: str | None = None
    """The ARN of its IAM user or of a role's session. Default: a user with the name of the access key id."""
    principal_tags: Mapping[str, str] = Field(default_factory=dict)
    """Tags of the user or role, for the condition key aws:PrincipalTag."""
    policies: Annotated[tuple[PolicySource, ...], Field(min_length=1)] | None = None
    """Identity policies: JSON files, policy documents, or AWSAppRunnerFullAccess and AWSAppRunnerReadOnlyAccess."""
    permissions_boundary: PolicySource | None = None
    """A policy that limits what the identity policies allow."""
    session_policies: tuple[PolicySource, ...] = ()
    """Policies that limit a role's session."""

    def access_key(self, place: DocumentPath = (), document: Document | None = None) -> AccessKey:
        """Return the key with its identity. `place`: the path of this section in `document`, for errors.

        Raises:
            ScenarioError: with every problem of the policies.
            ValueError: for an invalid principal_arn.
        """
        identity = None
        if self.model_fields_set & {
            "principal_arn",
            "principal_tags",
            "policies",
            "permissions_boundary",
            "session_policies",
        }:
            from simulator.rules.iam.identity import IamIdentity  # noqa: PLC0415 only for keys with policies

            loaded = _Policies(place, document or Document("configuration", {}))
            policies = self.policies and loaded.all("policies", self.policies)
            boundary = loaded.all("permissions_boundary", (self.permissions_boundary,))
            session = loaded.all("session_policies", self.session_policies)
            loaded.check_sizes(
                policies or (), boundary, session, is_role=":assumed-role/" in (self.principal_arn or "")
            )
            if loaded.problems:
                raise ScenarioError(loaded.problems)
            arn = self.principal_arn or f"arn:aws:iam::{self.account}:user/{self.access_key_id}"
            tags = dict(self.principal_tags)
            identity = IamIdentity(arn, policies, boundary[0] if boundary else None, session, tags)
        return AccessKey(self.access_key_id, self.secret_access_key, self.account, self.session_token, identity)


class RoleSection(Section):
    """A role that callers may assume. Without policies its sessions may perform every action."""

    arn: str = Field(pattern=ROLE_ARN_PATTERN)
    """Its ARN."""
    trusted: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Who may assume it: accounts, ARNs of users and roles, or *. Default: its own account."""
    policies: Annotated[tuple[PolicySource, ...], Field(min_length=1)] | None = None
    """Identity policies, as those of a key."""
    permissions_boundary: PolicySource | None = None
    """A policy that limits what the identity policies allow."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """Its tags, for the condition key aws:PrincipalTag."""
    max_session_s: Annotated[Duration, Field(ge=3600, le=43_200)] = 3600.0
    """Longest session, 1 to 12 hours."""

    def role(self, place: DocumentPath = (), document: Document | None = None) -> AssumableRole:
        """Return the role. Raises ScenarioError with every problem of the policies."""
        from simulator.api.role_sessions import AssumableRole  # noqa: PLC0415 only with roles

        loaded = _Policies(place, document or Document("configuration", {}))
        policies = self.policies and loaded.all("policies", self.policies)
        boundary = loaded.all("permissions_boundary", (self.permissions_boundary,))
        loaded.check_sizes(policies or (), boundary, (), is_role=True)
        if loaded.problems:
            raise ScenarioError(loaded.problems)
        own = boundary[0] if boundary else None
        return AssumableRole(self.arn, policies, own, dict(self.tags), self.trusted or (), self.max_session_s)


def role_sessions(roles: Sequence[RoleSection]) -> RoleSessions | None:
    """Return the sessions of the roles; None without roles."""
    if not roles:
        return None
    from simulator.api.role_sessions import RoleSessions  # noqa: PLC0415 only with roles

    return RoleSessions(role.role(("api", "roles", index)) for index, role in enumerate(roles))


def checked_keys(keys: Iterable[KeySection], document: Document, roles: Iterable[RoleSection] = ()) -> None:
    """Raise ScenarioError with every problem of the keys' and roles' policies, at their paths in the file."""
    problems: list[Problem] = []
    for index, key in enumerate(keys):
        place = ("api", "keys", index)
        try:
            key.access_key(place, document)
        except ScenarioError as error:
            problems += error.problems
        except ValueError as error:
            found, _, expected = str(error).partition(" = ")[2].partition(", must be ")
            problems.append(document.problem((*place, "principal_arn"), expected, found=found))
    for index, role in enumerate(roles):
        try:
            role.role(("api", "roles", index), document)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)


def policy_warnings(keys: Iterable[AccessKey]) -> Iterator[str]:
    """Yield warnings about valid parts of the keys' policies that seldom mean what was intended, each once."""
    told: set[str] = set()
    for key in keys:
        if (identity := key.identity) is None:
            continue
        boundary = () if identity.boundary is None else (identity.boundary,)
        for policy in (*(identity.policies or ()), *boundary, *identity.session_policies):
            for warning in policy.warnings:
                line = f"{policy.name}: {warning}"
                if line not in told:
                    told.add(line)
                    yield line


class _Policies:
    """Loads the policies of one key and collects the problems of all of them."""

    def __init__(self, place: DocumentPath, document: Document) -> None:
        self._place = place
        self._document = document
        self.problems: list[Problem] = []

    def all(self, name: str, sources: Iterable[Any]) -> tuple[IamPolicy, ...]:
        """Return the policies of a member, without those that have problems."""
        loaded = []
        for index, source in enumerate(sources):
            at = (*self._place, name) if name == "permissions_boundary" else (*self._place, name, index)
            if source is not None and (policy := self._policy(at, source)) is not None:
                loaded.append(policy)
        return tuple(loaded)

    def check_sizes(
        self,
        policies: Sequence[IamPolicy],
        boundary: Sequence[IamPolicy],
        session: Sequence[IamPolicy],
        *,
        is_role: bool,
    ) -> None:
        """Record policies that are larger than AWS allows.

        `is_role`: whether the identity policies belong to a role.
        """
        from simulator.rules.iam.policy_size import (  # noqa: PLC0415 only for keys with policies
            MANAGED_MAX,
            ROLE_MAX,
            SESSION_MAX,
            size_problem,
        )

        most = ROLE_MAX if is_role else MANAGED_MAX
        limited: list[tuple[str, Sequence[IamPolicy], int]] = [
            *(("policies", (policy,), most) for policy in policies),
            ("permissions_boundary", boundary, MANAGED_MAX),
            ("session_policies", session, SESSION_MAX),
        ]
        for name, of, most_of in limited:
            if problem := size_problem(of, most_of):
                found = ", ".join(policy.name for policy in of)
                self.problems.append(self._document.problem((*self._place, name), problem, found=found))

    def _policy(self, at: DocumentPath, source: Any) -> IamPolicy | None:
        from simulator.rules.iam.managed_policies import MANAGED_POLICIES  # noqa: PLC0415 only for keys with policies
        from simulator.rules.iam.policy_document import parse_policy  # noqa: PLC0415
        from simulator.rules.iam.policy_problems import IamPolicyError  # noqa: PLC0415

        if isinstance(source, str):
            return MANAGED_POLICIES[source]
        document, data, name = self._document, source, dotted(at)
        try:
            if isinstance(source, Path):
                at, name = (), source.name
                document = _document_of(source)
                data = document.data
            return parse_policy(data, name)
        except ScenarioError as error:
            self.problems += error.problems
        except IamPolicyError as error:
            self.problems += [
                document.problem((*at, *each.path), each.expected, found=each.found, near=each.near)
                for each in error.problems
            ]
        return None


def _document_of(path: Path) -> Document:
    """Parse a JSON document.

    Values have positions for errors unless YAML's grammar rejects the text, which JSON's tabs cause.
    """
    text = read_document_text(path)
    try:
        return parse_document(text, str(path), such_as="Version, Statement")
    except ScenarioError:
        try:
            return Document(str(path), json.loads(text))
        except json.JSONDecodeError:
            pass
        raise
