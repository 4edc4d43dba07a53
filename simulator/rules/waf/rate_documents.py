"""Reads rate-based statements, and the settings that say which addresses a statement uses."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from simulator.rules.waf.addresses import address_of
from simulator.rules.waf.component_documents import transformations_of
from simulator.rules.waf.json_node import JsonNode
from simulator.rules.waf.rate_limits import WINDOWS_S, RateCounts
from simulator.rules.waf.statements import FORWARDED_MAX, Addresses, KeyPart, RateMatch, Statement, forwarded
from simulator.rules.waf.text_transformations import Transformation, transformed
from simulator.rules.waf.web_request import WebRequest

_WINDOW_DEFAULT_S: Final = 300
_LIMIT_MIN, _LIMIT_MAX = 10, 2_000_000_000
# Kind of aggregation -> the member of the JSON that configures it.
_NEEDED: Final = {
    "IP": "",
    "FORWARDED_IP": "ForwardedIPConfig",
    "CONSTANT": "ScopeDownStatement",
    "CUSTOM_KEYS": "CustomKeys",
}
_KEYS_MAX: Final = 5
_FALLBACKS: Final = ("MATCH", "NO_MATCH")
_FORWARDED: Final = "ForwardedIP"
_KEYS_ELSEWHERE: Final = ("ASN", "JA3Fingerprint", "JA4Fingerprint", "LabelNamespace")

ValueOf = Callable[[WebRequest], bytes | None]
Decided = Callable[[WebRequest], bool | None]


def addresses_in(config: JsonNode) -> Addresses:
    """Return a function that finds the addresses in a request's header field, by an `IPSetForwardedIPConfig`."""
    names = ("HeaderName", "FallbackBehavior", "Position")
    members = config.members(names, names)
    header, fallback = _header(members), _fallback(members)
    position = members["Position"].word(("FIRST", "LAST", "ANY"))

    def addresses(request: WebRequest) -> list[str] | bool | None:
        found = forwarded(request, header)
        if found is None:
            return None
        looked_at = {"FIRST": found[:1], "LAST": found[-1:], "ANY": found[-FORWARDED_MAX:]}[position]
        return looked_at if any(address_of(text) is not None for text in looked_at) else fallback

    return addresses


def rate_match(node: JsonNode, read: Callable[[JsonNode], Statement]) -> RateMatch | str:
    """Return the statement, or the name of a part that the simulator cannot evaluate. `read` reads the scope-down
    statement.
    """
    members = node.members(
        ("Limit", "EvaluationWindowSec", "AggregateKeyType", "ScopeDownStatement", "ForwardedIPConfig", "CustomKeys"),
        ("Limit", "AggregateKeyType"),
    )
    counts = RateCounts(members["Limit"].number(_LIMIT_MIN, _LIMIT_MAX), _window_s(members.get("EvaluationWindowSec")))
    kind = members["AggregateKeyType"].word(tuple(_NEEDED))
    if _NEEDED[kind] and _NEEDED[kind] not in members:
        raise node.wrong(f"given with {_NEEDED[kind]}, which {kind} needs")
    scope_down = read(members["ScopeDownStatement"]) if "ScopeDownStatement" in members else None
    if kind == "CONSTANT":
        return RateMatch(counts, (), scope_down)
    if kind == "IP":
        return RateMatch(counts, (_client,), scope_down)
    if kind == "FORWARDED_IP":
        first, decided = _forwarded_key(members["ForwardedIPConfig"])
        return RateMatch(counts, (first,), scope_down, decided)
    found = _custom_keys(members["CustomKeys"], members.get("ForwardedIPConfig"))
    return found if isinstance(found, str) else RateMatch(counts, found[0], scope_down, found[1])


def _window_s(given: JsonNode | None) -> int:
    if given is None:
        return _WINDOW_DEFAULT_S
    window_s = given.number(min(WINDOWS_S), max(WINDOWS_S))
    if window_s not in WINDOWS_S:
        raise given.wrong(f"one of {', '.join(map(str, WINDOWS_S))}")
    return window_s


def _custom_keys(keys: JsonNode, config: JsonNode | None) -> tuple[tuple[KeyPart, ...], Decided | None] | str:
    parts: list[KeyPart] = []
    decided: Decided | None = None
    for each in keys.items(1, _KEYS_MAX):
        name, settings = each.choice((*_PLAIN_KEYS, *_TEXT_KEYS, *_NAMED_KEYS, _FORWARDED, *_KEYS_ELSEWHERE))
        if name in _KEYS_ELSEWHERE:
            return name
        if name == _FORWARDED:
            if config is None:
                raise each.wrong("given with a ForwardedIPConfig")
            part, decided = _forwarded_key(config)
        elif name in _PLAIN_KEYS:
            settings.members(())
            part = _PLAIN_KEYS[name]
        else:
            needed = (*(("Name",) if name in _NAMED_KEYS else ()), "TextTransformations")
            members = settings.members(needed, needed)
            transformations = transformations_of(members["TextTransformations"])
            if isinstance(transformations, str):
                return transformations
            value_of = _NAMED_KEYS[name](members["Name"].text()) if name in _NAMED_KEYS else _TEXT_KEYS[name]
            part = _part_of(value_of, transformations)
        parts.append(part)
    return tuple(parts), decided


def _of_header(name: str) -> ValueOf:
    key = name.lower().encode()
    return lambda request: request.field(key)


def _of_cookie(name: str) -> ValueOf:
    key = name.encode()
    return lambda request: dict(request.cookies()).get(key)


def _of_argument(name: str) -> ValueOf:
    key = name.lower().encode()
    return lambda request: next((value for each, value in request.arguments() if each.lower() == key), None)


def _client(request: WebRequest) -> Hashable:
    return request.client


_PLAIN_KEYS: Final[Mapping[str, KeyPart]] = {"IP": _client, "HTTPMethod": lambda request: request.method}
_TEXT_KEYS: Final[Mapping[str, ValueOf]] = {
    "QueryString": lambda request: request.query,
    "UriPath": lambda request: request.path,
}
_NAMED_KEYS: Final[Mapping[str, Callable[[str], ValueOf]]] = {
    "Header": _of_header,
    "Cookie": _of_cookie,
    "QueryArgument": _of_argument,
}


def _part_of(value_of: ValueOf, transformations: tuple[Transformation, ...]) -> KeyPart:
    def part(request: WebRequest) -> Hashable:
        value = value_of(request)
        return None if value is None else transformed(value, transformations)

    return part


def _forwarded_key(config: JsonNode) -> tuple[KeyPart, Decided]:
    """Return two functions of a request: its first address in a header field, and its result if it has no valid address
    there.
    """
    names = ("HeaderName", "FallbackBehavior")
    members = config.members(names, names)
    header, fallback = _header(members), _fallback(members)

    def part(request: WebRequest) -> Hashable:
        found = forwarded(request, header)
        return address_of(found[0]) if found else None

    def decided(request: WebRequest) -> bool | None:
        found = forwarded(request, header)
        if not found:
            return False  # the rule does not apply
        return fallback if address_of(found[0]) is None else None

    return part, decided


def _header(members: dict[str, JsonNode]) -> bytes:
    return members["HeaderName"].text().lower().encode()


def _fallback(members: dict[str, JsonNode]) -> bool:
    return members["FallbackBehavior"].word(_FALLBACKS) == "MATCH"
