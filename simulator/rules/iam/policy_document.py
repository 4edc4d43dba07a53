"""Parses the JSON of a policy by the grammar of IAM's policy language (IAM User Guide, "Grammar of the IAM JSON policy
language").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from simulator.model.text.document import Path, shown
from simulator.model.text.problems import nearest
from simulator.rules.iam.access_request import EVERY_RESOURCE
from simulator.rules.iam.actions import ACTIONS, KNOWN_KEYS, PREFIX
from simulator.rules.iam.operators import NULL, OPERATORS
from simulator.rules.iam.policy import Effect, IamCondition, IamPolicy, IamStatement, Quantifier
from simulator.rules.iam.policy_problems import IamPolicyError, PolicyProblem
from simulator.rules.iam.policy_size import characters_of
from simulator.rules.iam.text_pattern import TextPattern

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_OF_POLICY: Final = ("Version", "Id", "Statement")
_OF_STATEMENT: Final = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
_PRINCIPALS: Final = ("Principal", "NotPrincipal")
_ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[\w*?-]+")
_SID: Final = re.compile(r"[A-Za-z0-9]*")
# Partition and service may not contain wildcards; an ARN with fewer than six segments is completed with `*`.
_RESOURCE: Final = re.compile(r"arn:(?:aws(?:-[a-z]+)*|\*):[a-z0-9-]+(?::.*)?", re.DOTALL)
_IF_EXISTS: Final = "IfExists"


def parse_policy(document: object, name: str) -> IamPolicy:
    """Return the policy in a parsed JSON document. `name` identifies its origin.

    Raises:
        IamPolicyError: with all problems of the document.
    """
    reader = _PolicyReader()
    statements = tuple(reader.statements(document))
    if reader.problems:
        raise IamPolicyError(name, reader.problems)
    return IamPolicy(name, statements, tuple(reader.warnings), characters_of(document))


class _PolicyReader:
    """Reads a document and collects its problems, so that all are reported at once."""

    def __init__(self) -> None:
        self.problems: list[PolicyProblem] = []
        self.warnings: list[str] = []
        self._variables = False

    def statements(self, document: object) -> Iterator[IamStatement]:
        if not self._is_block((), document, _OF_POLICY, "a policy"):
            return
        assert isinstance(document, dict)
        version = document.get("Version")
        if version is None:
            self.warnings.append(
                "no Version, so 2008-10-17 applies and variables such as ${aws:username} are plain text; "
                'write "Version": "2012-10-17"'
            )
        elif version not in _VERSIONS:
            self._problem(("Version",), version, " or ".join(_VERSIONS), nearest(version, _VERSIONS))
        self._variables = version == _VERSIONS[0]
        given = document.get("Statement")
        if not given:
            self._problem(("Statement",), given, "a statement or a list of them")
            return
        items = given if isinstance(given, list) else [given]
        sids: set[str] = set()
        for index, item in enumerate(items):
            path: Path = ("Statement", index) if isinstance(given, list) else ("Statement",)
            statement = self._statement(path, index, item)
            if statement is None:
                continue
            if statement.sid and statement.sid in sids:
                self._problem((*path, "Sid"), statement.sid, "unique in the policy")
            sids.add(statement.sid)
            yield statement

    def _statement(self, path: Path, index: int, item: object) -> IamStatement | None:
        if not self._is_block(path, item, _OF_STATEMENT, "a statement"):
            return None
        assert isinstance(item, dict)
        before = len(self.problems)
        sid = item.get("Sid", "")
        if not isinstance(sid, str) or not _SID.fullmatch(sid):
            self._problem((*path, "Sid"), sid, "letters and digits only")
        effect: Any = item.get("Effect")
        if effect not in [*Effect]:
            self._problem((*path, "Effect"), effect, "Allow or Deny", nearest(str(effect).capitalize(), [*Effect]))
        actions = self._one_of_two(path, item, "Action")
        resources = self._one_of_two(path, item, "Resource")
        conditions = tuple(self._conditions((*path, "Condition"), item.get("Condition", {})))
        if len(self.problems) > before:
            return None
        return IamStatement(
            index,
            Effect(effect),
            actions,
            resources,
            conditions,
            not_actions="NotAction" in item,
            not_resources="NotResource" in item,
            sid=sid,
        )

    def _one_of_two(self, path: Path, item: dict[str, Any], name: str) -> tuple[TextPattern, ...]:
        """Read `name` or `Not<name>`, where `name` is Action or Resource; exactly one of the two must be given."""
        other = f"Not{name}"
        if (name in item) == (other in item):
            both = name in item
            expected = f"left out, because {other} is given" if both else f"given, or {other}"
            self._problem((*path, name), item.get(name), expected)
            return ()
        key = name if name in item else other
        read = self._action if name == "Action" else self._resource
        patterns = []
        for at, text in self._texts((*path, key), item[key]):
            pattern = read(at, text)
            if pattern is not None:
                patterns.append(pattern)
        return tuple(patterns)

    def _action(self, path: Path, text: str) -> TextPattern | None:
        if text != "*" and not _ACTION.fullmatch(text):
            close = nearest(text.removeprefix(PREFIX), ACTIONS)
            self._problem(path, text, "* or SERVICE:ACTION such as apprunner:Describe*", close and PREFIX + close)
            return None
        name = text[len(PREFIX) :]
        is_known = name.lower() in {each.lower() for each in ACTIONS} or any(sign in name for sign in "*?")
        if text.lower().startswith(PREFIX) and not is_known:
            close = nearest(name, ACTIONS)
            hint = f"; did you mean `{PREFIX}{close}`?" if close else ""
            self.warnings.append(f"{text} is not an action of App Runner{hint}")
        return TextPattern.parse(text, variables=False)

    def _resource(self, path: Path, text: str) -> TextPattern | None:
        if text != EVERY_RESOURCE and not _RESOURCE.fullmatch(text):
            self._problem(path, text, "* or an ARN such as arn:aws:apprunner:*:*:service/shop/*")
            return None
        return self._pattern(path, text, wildcards=True)

    # --- conditions ------------------------------------------------------------------------------------------------

    def _conditions(self, path: Path, block: object) -> Iterator[IamCondition]:
        if not isinstance(block, dict):
            self._problem(path, block, "a mapping of operators")
            return
        for name, keys in block.items():
            parsed = self._operator((*path, name), name)
            if parsed is None:
                continue
            if not isinstance(keys, dict) or not keys:
                self._problem((*path, name), keys, "a mapping of condition keys to values")
                continue
            operator, quantifier, if_exists = parsed
            for key, given in keys.items():
                at = (*path, name, key)
                self._check_key(at, key)
                values = []
                for value_at, text in self._texts(at, given, scalars=True):
                    if not operator.is_valid(text):
                        self._problem(value_at, text, operator.expected)
                        continue
                    pattern = self._pattern(
                        value_at, text, wildcards=operator.takes_patterns, variables=operator.takes_variables
                    )
                    if pattern is not None:
                        values.append(pattern)
                yield IamCondition(operator, str(key).lower(), tuple(values), str(key), quantifier, if_exists)

    def _operator(self, path: Path, given: object) -> tuple[Any, Quantifier, bool] | None:
        name = str(given)
        prefix, colon, rest = name.rpartition(":")
        quantifier = next((each for each in Quantifier if each == prefix + colon), None)
        base = rest.removesuffix(_IF_EXISTS)
        operator = OPERATORS.get(base)
        if quantifier is None:
            self._problem(path, name, "an operator, with ForAllValues: or ForAnyValue: before it or nothing")
            return None
        if operator is None or (operator is NULL and rest != base):
            close = nearest(base, OPERATORS)
            self._problem(path, name, "a condition operator such as StringEquals, ArnLike or IpAddress", close)
            return None
        return operator, quantifier, rest != base

    def _check_key(self, path: Path, key: object) -> None:
        text = str(key)
        if ":" not in text:
            self._problem(path, text, "a condition key such as aws:SourceIp", nearest(f"aws:{text}", KNOWN_KEYS))
            return
        service = text.partition(":")[0].lower() + ":"
        known = {each.partition("${")[0].lower() for each in KNOWN_KEYS}
        head = text.lower().partition("/")[0] + ("/" if "/" in text else "")
        if service in {"aws:", PREFIX} and head not in known:
            close = nearest(text, KNOWN_KEYS)
            hint = f"; did you mean `{close}`?" if close else ""
            self.warnings.append(f"{text} is not a condition key of App Runner's actions{hint}")

    # --- values ----------------------------------------------------------------------------------------------------

    def _pattern(self, path: Path, text: str, *, wildcards: bool, variables: bool = True) -> TextPattern | None:
        try:
            return TextPattern.parse(text, wildcards=wildcards, variables=variables and self._variables)
        except ValueError as error:
            self._problem(path, text, f"without this variable: {error}")
            return None

    def _texts(self, path: Path, given: object, *, scalars: bool = False) -> Iterator[tuple[Path, str]]:
        """Yield the string, or each string of a list, with its place. With `scalars`, numbers and booleans are accepted
        too.
        """
        items: Sequence[object] = given if isinstance(given, list) else [given]
        if not items:
            self._problem(path, given, "at least one value")
        for index, item in enumerate(items):
            at = (*path, index) if isinstance(given, list) else path
            if isinstance(item, str):
                yield at, item
            elif scalars and isinstance(item, bool | int | float):
                yield at, str(item).lower() if isinstance(item, bool) else str(item)
            else:
                self._problem(at, item, "text" + (", a number, true or false" if scalars else ""))

    def _is_block(self, path: Path, given: object, elements: tuple[str, ...], what: str) -> bool:
        if not isinstance(given, dict):
            self._problem(path, given, f"{what}, a mapping with {', '.join(elements)}")
            return False
        for key in given:
            if key in _PRINCIPALS:
                self._problem((*path, key), given[key], "left out: an identity policy applies to the key that has it")
            elif key not in elements:
                close = nearest(key, elements)
                self._problem((*path, key), given[key], f"an element of {what}: {', '.join(elements)}", close)
        return True

    def _problem(self, path: Path, found: object, expected: str, near: str = "") -> None:
        text = "nothing" if found is None else shown(found)
        self.problems.append(PolicyProblem(path, text, expected, near))
