"""Reads statements: converts their JSON, as AWS prints it, to objects that match requests."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from simulator.rules.waf import statements as s
from simulator.rules.waf.addresses import AddressSet
from simulator.rules.waf.component_documents import component_of, transformations_of
from simulator.rules.waf.json_node import JsonNode, label_text
from simulator.rules.waf.patterns import PATTERN_CHARACTERS_MAX, Search, search_of
from simulator.rules.waf.rate_documents import addresses_in, rate_match
from simulator.rules.waf.statements import Statement, Test

_SetT = TypeVar("_SetT")

_PART: Final = ("FieldToMatch", "TextTransformations")
_MORE: Final = ("PreParseTextTransformations",)
SEARCH_BYTES_MAX: Final = 200
_SIZE_MAX: Final = 21_474_836_480
DEPTH_MAX: Final = 10

RULE_GROUP: Final = "RuleGroupReferenceStatement"
# Statements that need data or code that exists only at AWS.
ELSEWHERE: Final = (
    "AsnMatchStatement",
    "GeoMatchStatement",
    "ManagedRuleGroupStatement",
    "SqliMatchStatement",
    "XssMatchStatement",
)
_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "EQ": int.__eq__,
    "NE": int.__ne__,
    "LE": int.__le__,
    "LT": int.__lt__,
    "GE": int.__ge__,
    "GT": int.__gt__,
}


@dataclass(slots=True)
class StatementReader:
    """Reads the statements of one web ACL. `address_sets` and `pattern_sets` are by ARN.

    After reading, `needs_body` is True if a statement inspects bodies, and `gaps` names what the simulator cannot
    evaluate.
    """

    address_sets: Mapping[str, AddressSet]
    pattern_sets: Mapping[str, Sequence[Search]]
    needs_body: bool = False
    gaps: list[str] = field(default_factory=list)

    def read(self, node: JsonNode, depth: int = 0) -> Statement:
        """Return the statement. Raises WebAclError."""
        kind, content = node.choice((*self._kinds(), *ELSEWHERE, RULE_GROUP))
        if kind == RULE_GROUP:
            raise node.wrong("at the top of a rule of a web ACL: AWS WAF allows no rule group inside another statement")
        if kind in ELSEWHERE:
            return self._gap(kind, node)
        if depth > DEPTH_MAX:
            raise node.wrong(f"nested at most {DEPTH_MAX} levels deep")
        return self._kinds()[kind](content, depth)

    def _kinds(self) -> Mapping[str, Callable[[JsonNode, int], Statement]]:
        return {
            "ByteMatchStatement": self._byte_match,
            "IPSetReferenceStatement": self._address_set,
            "RegexMatchStatement": self._pattern,
            "RegexPatternSetReferenceStatement": self._pattern_set,
            "SizeConstraintStatement": self._size,
            "LabelMatchStatement": self._label,
            "RateBasedStatement": self._rate,
            "AndStatement": self._and,
            "OrStatement": self._or,
            "NotStatement": self._not,
        }

    def _gap(self, what: str, node: JsonNode) -> Statement:
        self.gaps.append(f"{node.place}: {what}")
        return s.NotEvaluated(what)

    def _part(self, node: JsonNode, members: Mapping[str, JsonNode], test: Test) -> Statement:
        component = component_of(members["FieldToMatch"])
        transformations = transformations_of(members["TextTransformations"])
        for each in (component, transformations):
            if isinstance(each, str):
                return self._gap(each, node)
        if "PreParseTextTransformations" in members:
            return self._gap("PreParseTextTransformations", node)
        assert not isinstance(component, str)
        assert not isinstance(transformations, str)
        self.needs_body = self.needs_body or component.needs_body
        return s.PartMatch(component, transformations, test)

    def _byte_match(self, node: JsonNode, _depth: int) -> Statement:
        names = ("SearchString", "PositionalConstraint", *_PART)
        members = node.members((*names, *_MORE), names)
        sought = _sought(members["SearchString"])
        tests: Mapping[str, Test] = {
            "EXACTLY": lambda text: text == sought,
            "STARTS_WITH": lambda text: text.startswith(sought),
            "ENDS_WITH": lambda text: text.endswith(sought),
            "CONTAINS": lambda text: sought in text,
            "CONTAINS_WORD": s.contains_word(sought),
        }
        return self._part(node, members, tests[members["PositionalConstraint"].word(tuple(tests))])

    def _pattern(self, node: JsonNode, _depth: int) -> Statement:
        names = ("RegexString", *_PART)
        members = node.members((*names, *_MORE), names)
        return self._part(node, members, pattern_of(members["RegexString"]))

    def _pattern_set(self, node: JsonNode, _depth: int) -> Statement:
        names = ("ARN", *_PART)
        members = node.members((*names, *_MORE), names)
        searches = _referenced(members["ARN"], self.pattern_sets, "a regex pattern set")
        return self._part(node, members, lambda text: any(search(text) for search in searches))

    def _size(self, node: JsonNode, _depth: int) -> Statement:
        names = ("ComparisonOperator", "Size", *_PART)
        members = node.members((*names, *_MORE), names)
        compare = _COMPARISONS[members["ComparisonOperator"].word(tuple(_COMPARISONS))]
        size = members["Size"].number(0, _SIZE_MAX)
        return self._part(node, members, lambda text: compare(len(text), size))

    def _address_set(self, node: JsonNode, _depth: int) -> Statement:
        members = node.members(("ARN", "IPSetForwardedIPConfig"), ("ARN",))
        found = _referenced(members["ARN"], self.address_sets, "an IP set")
        config = members.get("IPSetForwardedIPConfig")
        return s.AddressMatch(found, s.of_client if config is None else addresses_in(config))

    def _label(self, node: JsonNode, _depth: int) -> Statement:
        members = node.members(("Scope", "Key"), ("Scope", "Key"))
        scope, key = members["Scope"].word(("LABEL", "NAMESPACE")), label_text(members["Key"])
        if key.endswith(":") != (scope == "NAMESPACE"):
            raise members["Key"].wrong(f"{'without' if scope == 'LABEL' else 'with'} a colon at its end")
        return s.LabelMatch(key)

    def _rate(self, node: JsonNode, depth: int) -> Statement:
        if depth:
            raise node.wrong("at the top of its rule: AWS WAF allows no rate-based statement inside another")
        found = rate_match(node, lambda inner: self.read(inner, depth + 1))
        return self._gap(found, node) if isinstance(found, str) else found

    def _and(self, node: JsonNode, depth: int) -> Statement:
        return s.AndMatch(self._nested(node, depth))

    def _or(self, node: JsonNode, depth: int) -> Statement:
        return s.OrMatch(self._nested(node, depth))

    def _not(self, node: JsonNode, depth: int) -> Statement:
        return s.NotMatch(self.read(node.members(("Statement",), ("Statement",))["Statement"], depth + 1))

    def _nested(self, node: JsonNode, depth: int) -> tuple[Statement, ...]:
        members = node.members(("Statements",), ("Statements",))
        return tuple(map(partial(self.read, depth=depth + 1), members["Statements"].items(2)))


def pattern_of(node: JsonNode) -> Search:
    """Return the search function of a regular expression. Raises WebAclError."""
    text = node.text()
    if len(text) > PATTERN_CHARACTERS_MAX:
        raise node.wrong(f"at most {PATTERN_CHARACTERS_MAX} characters long")
    try:
        return search_of(text)
    except ValueError as error:
        raise node.wrong(f"a regular expression that AWS WAF supports ({error})") from error


def _sought(node: JsonNode) -> bytes:
    text = node.text()
    try:
        sought = base64.b64decode(text, validate=True)
    # for characters that are not ASCII, b64decode raises ValueError instead of binascii.Error
    except ValueError as error:
        encoded = base64.b64encode(text.encode()).decode()
        raise node.wrong(f"in base64, as the AWS CLI prints it; this text is {encoded!r}") from error
    if not 1 <= len(sought) <= SEARCH_BYTES_MAX:
        raise node.wrong(f"1 to {SEARCH_BYTES_MAX} bytes in base64")
    return sought


def _referenced(node: JsonNode, sets: Mapping[str, _SetT], what: str) -> _SetT:
    """Return the set with the ARN in `node`. `what` names the kind of set, with its article, for the error."""
    found = sets.get(node.text())
    if found is None:
        raise node.wrong(f"the ARN of {what} that is given too: {', '.join(sets) or 'there is none'}")
    return found
