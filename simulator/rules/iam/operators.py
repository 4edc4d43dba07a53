"""Condition operators: how a value of a policy is compared with a value of the request (IAM User Guide, "IAM JSON
policy elements: Condition operators").
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from simulator.rules.iam.text_pattern import ARN_SEGMENTS, Context, TextPattern

# (value of the policy, value of the request, the request's other keys) -> whether they match
Comparison = Callable[[TextPattern, str, Context], bool]

# Decimal itself also accepts `1_000`, blanks and the digits of other scripts.
_NUMBER_FORM: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_EPOCH: Final = re.compile(r"-?[0-9]{5,}(?:\.[0-9]+)?")
_YEAR_OR_MONTH: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class ConditionOperator:
    """A condition operator.

    `expected` says, for error messages, what a value in a policy must be; `is_valid` checks it. If `negated`, the
    request's value must match none of the policy's values. If `takes_patterns`, the policy's value may contain
    wildcards; if `takes_variables`, it may contain policy variables.
    """

    name: str
    compare: Comparison
    expected: str
    is_valid: Callable[[str], bool]
    negated: bool = False
    takes_patterns: bool = False
    takes_variables: bool = False


def _text(policy: TextPattern, given: str, context: Context) -> bool:
    return policy.matches(given, context)


def _text_any_case(policy: TextPattern, given: str, context: Context) -> bool:
    return policy.matches(given, context, ignore_case=True)


def _arn(policy: TextPattern, given: str, context: Context) -> bool:
    return policy.matches_arn(given, context)


def _bool(policy: TextPattern, given: str, _: Context) -> bool:
    return policy.text.lower() == given.lower()


def _binary(policy: TextPattern, given: str, _: Context) -> bool:
    wanted = _bytes(policy.text)
    return wanted is not None and wanted == _bytes(given)


def _ip(policy: TextPattern, given: str, _: Context) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(policy.text, strict=False)
    except ValueError:
        return False


def _numeric(compare: Callable[[Any, Any], bool]) -> Comparison:
    return _ordered(number_of, compare)


def _date(compare: Callable[[Any, Any], bool]) -> Comparison:
    return _ordered(instant_of, compare)


def _ordered(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Comparison:
    def matches(policy: TextPattern, given: str, _: Context) -> bool:
        wanted, found = read(policy.text), read(given)
        return wanted is not None and found is not None and compare(found, wanted)

    return matches


def number_of(text: str) -> Decimal | None:
    """Return the number, or None if `text` is not a number."""
    return Decimal(text) if _NUMBER_FORM.fullmatch(text) else None


def instant_of(text: str) -> float | None:
    """Parse an ISO 8601 date or a number of seconds since 1970; return seconds since 1970, or None if `text` is
    neither.

    A date without a time zone is in UTC. The day, or the month and the day, may be left out.
    """
    if _EPOCH.fullmatch(text):
        return float(text)
    if (match := _YEAR_OR_MONTH.fullmatch(text)) is not None:
        text = f"{match[1]}-{match[2] or '01'}-01"
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_arn(text: str) -> bool:
    return "${" in text or (text.startswith("arn:") and text.count(":") >= ARN_SEGMENTS - 1)


def _is_any(_: str) -> bool:
    return True


def _is_bool(text: str) -> bool:
    return text.lower() in {"true", "false"}


def _absent(*_: object) -> bool:
    msg = "Null is decided by the presence of the key"
    raise AssertionError(msg)


_TEXT: Final = "text"
_NUMBER: Final = "a number"
_DATE: Final = "a date such as 2026-12-01T00:00:00Z, or seconds since 1970"
_NETWORK: Final = "an address or a network such as 203.0.113.0/24 or 2001:db8::/32"
_ARN: Final = "an ARN with six segments, such as arn:aws:apprunner:*:*:connection/prod/*"
_BOOL: Final = "true or false"
_BASE64: Final = "text in base64"

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _all() -> tuple[ConditionOperator, ...]:
    found = [
        ConditionOperator("Bool", _bool, _BOOL, _is_bool),
        ConditionOperator("BinaryEquals", _binary, _BASE64, lambda text: _bytes(text) is not None),
        ConditionOperator("IpAddress", _ip, _NETWORK, _is_network),
        ConditionOperator("NotIpAddress", _ip, _NETWORK, _is_network, negated=True),
        NULL,
    ]
    for negated in (False, True):
        no = "Not" if negated else ""
        text = {"negated": negated, "takes_variables": True}
        found += [
            ConditionOperator(f"String{no}Equals", _text, _TEXT, _is_any, **text),
            ConditionOperator(f"String{no}EqualsIgnoreCase", _text_any_case, _TEXT, _is_any, **text),
            ConditionOperator(f"String{no}Like", _text, _TEXT, _is_any, takes_patterns=True, **text),
            # Both operators have the same effect (IAM User Guide).
            ConditionOperator(f"Arn{no}Equals", _arn, _ARN, _is_arn, takes_patterns=True, **text),
            ConditionOperator(f"Arn{no}Like", _arn, _ARN, _is_arn, takes_patterns=True, **text),
        ]
    for kind, make, expected, read in (
        ("Numeric", _numeric, _NUMBER, number_of),
        ("Date", _date, _DATE, instant_of),
    ):
        is_valid = _readable(read)
        found += [ConditionOperator(kind + name, make(order), expected, is_valid) for name, order in _ORDERS.items()]
        found.append(ConditionOperator(f"{kind}NotEquals", make(operator.eq), expected, is_valid, negated=True))
    return tuple(found)


def _readable(read: Callable[[str], object | None]) -> Callable[[str], bool]:
    return lambda text: read(text) is not None


NULL: Final = ConditionOperator("Null", _absent, _BOOL, _is_bool)
OPERATORS: Final[Mapping[str, ConditionOperator]] = MappingProxyType({each.name: each for each in _all()})
