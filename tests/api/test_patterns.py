"""The replacements of the model's patterns are equivalent, and no pattern needs more than linear time.

A search with backtracking needs more than linear time if two paths through the pattern read the same text repeatedly:
two ways around one state; or around one state, then to another, and around that one. Both are searched in the automaton
of each pattern, without measuring time.
"""

from __future__ import annotations

import itertools
import re
import re._parser as regex  # type: ignore[import-not-found]
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from simulator.api import foreign_clients
from simulator.api.patterns import IMAGE_IDENTIFIER, LINEAR_PARTS, matcher_of
from simulator.api.service_model import service_model
from simulator.api.validators import validator_of
from simulator.api.violations import Violations
from simulator.model import images
from simulator.model.resources import arn, domain_state, secret_reference

PATTERNS = sorted({shape["pattern"] for shape in service_model()["shapes"].values() if "pattern" in shape})
WITHOUT_END = 9  # number of optional occurrences from which a repetition counts as unbounded
ALPHABET = [chr(code) for code in range(128)]
Edge = tuple[int, int]  # the characters as bits, and the next state


class Automaton:
    """The states of a pattern after a character, with their edges. `search`: True if a match may begin anywhere."""

    def __init__(self, pattern: str, *, search: bool = False) -> None:
        self._edges: list[list[tuple[int | None, int]]] = []
        start = self._state()
        if search:
            self._edges[start].append((_bits("ANY", None), start))
        self._sequence(regex.parse(pattern, re.ASCII), start, self._state())
        read = {start, *(end for edges in self._edges for bits, end in edges if bits is not None)}
        self.edges: dict[int, list[Edge]] = {state: list(self._reads(state, ())) for state in read}

    def _reads(self, state: int, passed: tuple[int, ...]) -> Iterator[Edge]:
        """Yield the edges with a character after any edges without one; twice if two paths lead there."""
        if state in passed:
            return
        for bits, end in self._edges[state]:
            if bits is None:
                yield from self._reads(end, (*passed, state))
            else:
                yield bits, end

    def _state(self) -> int:
        self._edges.append([])
        return len(self._edges) - 1

    def _sequence(self, items: Iterable[tuple[Any, Any]], start: int, end: int) -> None:
        for kind, value in items:
            following = self._state()
            self._item(str(kind), value, start, following)
            start = following
        self._edges[start].append((None, end))

    def _item(self, kind: str, value: Any, start: int, end: int) -> None:
        if kind == "SUBPATTERN":
            self._sequence(value[3], start, end)
        elif kind == "BRANCH":
            for branch in value[1]:
                self._sequence(branch, start, end)
        elif kind in {"MAX_REPEAT", "MIN_REPEAT"}:
            least, most, body = value
            self._edges[start].append((None, start := self._state()))
            for _ in range(least):
                following = self._state()
                self._sequence(body, start, following)
                start = following
            for _ in range(most - least if most - least < WITHOUT_END else 0):
                following = self._state()
                self._sequence(body, start, following)
                self._edges[start].append((None, end))
                start = following
            if most - least >= WITHOUT_END:
                self._edges[start].append((None, start := self._state()))
                self._sequence(body, start, start)
            self._edges[start].append((None, end))
        elif kind in {"AT", "ASSERT_NOT"}:
            self._edges[start].append((None, end))
        else:
            self._edges[start].append((_bits(kind, value), end))

    def ambiguity(self) -> tuple[int, int] | None:
        """Return two states with quadratic time between them, or one with exponential time; None if neither exists."""
        again = [state for state in self.edges if self._reaches((state,), (state,))]
        for state, other in itertools.product(again, repeat=2):
            if state == other and self._reaches((state, state), (state, state), differ=True):
                return state, state
            if state != other and self._reaches((state, state, other), (state, other, other)):
                return state, other
        return None

    def _reaches(self, start: tuple[int, ...], end: tuple[int, ...], *, differ: bool = False) -> bool:
        """Return True if one text leads from each state of `start` to that of `end`; with `differ`, by two paths."""
        waiting, seen = deque([(start, not differ)]), {(start, not differ)}
        while waiting:
            states, is_different = waiting.popleft()
            for ways in itertools.product(*(list(enumerate(self.edges[state])) for state in states)):
                common = -1
                for _, (bits, _) in ways:
                    common &= bits
                if not common:
                    continue
                other = is_different or len({number for number, _ in ways}) > 1
                following = (tuple(target for _, (_, target) in ways), other)
                if following == (end, True):
                    return True
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return False


def _bits(kind: str, value: Any) -> int:
    return sum(1 << number for number, character in enumerate(ALPHABET) if _has(kind, value, character))


def _has(kind: str, value: Any, character: str) -> bool:
    if kind == "IN":
        parts = [(str(name), part) for name, part in value]
        found = any(_has(name, part, character) for name, part in parts if name != "NEGATE")
        return found != (parts[0][0] == "NEGATE")
    if kind == "LITERAL":
        return character == chr(value)
    if kind == "NOT_LITERAL":
        return character != chr(value)
    if kind == "RANGE":
        return bool(value[0] <= ord(character) <= value[1])
    if kind == "CATEGORY":
        known = {"CATEGORY_WORD": r"\w", "CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s"}
        return re.match(known[str(value)], character, re.ASCII) is not None
    assert kind == "ANY", kind
    return character != "\n"


@pytest.mark.parametrize("pattern", [r"a*a*b", r"(a+)+b", r"(a|a)*b", r"(\w|-)*[a-z]*/", r".+\/(a\/)*b"])
def test_the_analysis_finds_what_takes_more_than_linear_time(pattern: str) -> None:
    assert Automaton(pattern).ambiguity() is not None


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern != IMAGE_IDENTIFIER])
def test_no_pattern_of_the_model_takes_more_than_linear_time(pattern: str) -> None:
    assert Automaton(pattern).ambiguity() is None


def test_the_replacements_of_the_pattern_of_image_identifiers_take_linear_time() -> None:
    # A short form of the pattern has the fault; with the complete one, the analysis only takes longer.
    assert Automaton(r".+\/((?:[a-z]+\/)*[a-z]+)(:[a-z:\/]+)?").ambiguity() is not None
    for part in LINEAR_PARTS:
        is_search = part.pattern.startswith(("/", "[^"))
        assert Automaton(part.pattern, search=is_search).ambiguity() is None, part.pattern


@pytest.mark.parametrize("module", [images, arn, domain_state, secret_reference])
def test_patterns_for_values_of_requests_take_linear_time(module: Any) -> None:
    patterns = [value for value in vars(module).values() if isinstance(value, re.Pattern)]
    assert patterns
    for each in patterns:
        assert Automaton(each.pattern).ambiguity() is None, each.pattern


def test_the_search_for_the_scope_of_a_signature_takes_linear_time() -> None:
    # the search begins at each of many "Credential="
    assert Automaton(r"Credential=[^/,\s]*/", search=True).ambiguity() is not None
    assert Automaton(foreign_clients._SCOPE.pattern, search=True).ambiguity() is None


def image_identifiers() -> Iterator[str]:
    """Yield all short ends of a public identifier, and private ones with each end."""
    for length in range(6):
        for rest in itertools.product("a/:@-!", repeat=length):
            yield "public.ecr.aws/" + "".join(rest)
    for length in range(4):
        for rest in itertools.product("a/:@-!A\n", repeat=length):
            yield "123456789012.dkr.ecr.us-east-1.amazonaws.com/a" + "".join(rest)
            yield "public.ecr.aws/x/a" + "".join(rest)
            yield "public.ecr.aws/\n/a" + "".join(rest)
    yield from ("", "public.ecr.aws", "public.ecr.aws/", "é", "public.ecr.aws/é/a:b", "public.ecr.aws/é/a:é")


def test_the_equivalent_of_the_pattern_of_image_identifiers_is_equal() -> None:
    assert service_model()["shapes"]["ImageIdentifier"]["pattern"] == IMAGE_IDENTIFIER
    models, ours = re.compile(IMAGE_IDENTIFIER, re.ASCII).fullmatch, matcher_of(IMAGE_IDENTIFIER)
    matching = 0
    for text in image_identifiers():
        assert bool(ours(text)) == bool(models(text)), text
        matching += bool(ours(text))
    assert matching > 500


def test_a_text_with_a_line_break_does_not_match() -> None:
    matches: Callable[[str], object] = matcher_of(".*")
    assert [bool(matches(text)) for text in ("", "a b", "a\n", "\n")] == [True, True, False, False]


def test_a_pattern_is_not_matched_against_a_text_that_is_too_long() -> None:
    """Matching would not end in useful time: the time doubles with each character."""
    shape = {"type": "string", "max": 50, "pattern": "(a|a)*b"}
    violations = Violations()
    validator_of("Text", {"Text": shape})("a" * 10_000, "text", violations)
    assert [each.partition("constraint: ")[2] for each in violations.found] == [
        "Member must have length less than or equal to 50"
    ]


def test_classes_of_unicode_are_known_under_python_s_names() -> None:
    matches = matcher_of(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")
    assert all(matches(text) for text in ("team", "größe 1", "a_b:c/d=e+f-g@h.i", "東京"))
    assert not any(matches(text) for text in ("", "a{b", "a*"))
