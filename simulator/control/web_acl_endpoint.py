"""Reads web ACLs, and the documents to which they refer, from a WAF endpoint. Only changed documents are fetched."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from simulator.fleet.credentials.aws_endpoint import AwsEndpoint
from simulator.rules.waf.acl_documents import read_web_acls
from simulator.rules.waf.json_node import WebAclError
from simulator.rules.waf.web_acl import WebAcl

_SCOPE: Final = "REGIONAL"
_LIMIT: Final = 100  # maximum number of entries per page


class _Kind(NamedTuple):
    """A kind of document: its name, and the operations that list and fetch it."""

    name: str
    lists: str
    member: str
    gets: str


_KINDS: Final = (
    _Kind("WebACL", "list_web_acls", "WebACLs", "get_web_acl"),
    _Kind("IPSet", "list_ip_sets", "IPSets", "get_ip_set"),
    _Kind("RegexPatternSet", "list_regex_pattern_sets", "RegexPatternSets", "get_regex_pattern_set"),
    _Kind("RuleGroup", "list_rule_groups", "RuleGroups", "get_rule_group"),
)

_log = logging.getLogger(__name__)


class WafDocument(NamedTuple):
    """A document and its lock token, which changes with every change of the document."""

    kind: str
    token: str
    content: Any

    @property
    def whole(self) -> Mapping[str, Any]:
        """The document in the format of `aws wafv2 get-...`."""
        return {self.kind: self.content}


class WebAclEndpoint:
    """Reads the regional web ACLs of an account."""

    def __init__(self, client: AwsEndpoint) -> None:
        self.client = client
        self._documents: dict[str, WafDocument] = {}  # key: ARN
        self._sources: dict[str, list[Mapping[str, Any]]] = {}  # the documents from which each web ACL was created
        self._told: set[str] = set()

    async def read(self) -> Mapping[str, WafDocument]:
        """Return all documents by ARN: web ACLs, IP sets, pattern sets and rule groups. Raises EndpointError."""
        found: dict[str, WafDocument] = {}
        for kind in _KINDS:
            listed = await self.client.listed(kind.lists, kind.member, {"Scope": _SCOPE, "Limit": _LIMIT}, "NextMarker")
            for summary in listed:
                arn, token = str(summary["ARN"]), str(summary.get("LockToken", ""))
                known = self._documents.get(arn)
                if known is None or not token or known.token != token:
                    asked = {"Name": summary["Name"], "Scope": _SCOPE, "Id": summary["Id"]}
                    content = (await self.client.ask(kind.gets, asked))[kind.name]
                    known = WafDocument(kind.name, token, _plain(content))
                found[arn] = known
        self._documents = found
        return found

    def usable(self, documents: Mapping[str, WafDocument], before: Mapping[str, WebAcl]) -> dict[str, WebAcl]:
        """Return the web ACLs by ARN.

        If neither a web ACL nor a document to which it refers has changed, it is the object in `before`. One that
        cannot be parsed is logged once, and stays as in `before`.
        """
        acls: dict[str, WebAcl] = {}
        for arn, document in documents.items():
            if document.kind != "WebACL":
                continue
            needed = [documents[each] for each in _referred(arn, documents)]
            known = before.get(arn)
            whole = [each.whole for each in needed]
            if known is not None and self._sources.get(arn) == whole:
                acls[arn] = known
                continue
            try:
                read = read_web_acls([(f"{self.client.endpoint}: {arn}", whole)])
            except WebAclError as error:
                if (message := str(error)) not in self._told:
                    self._told.add(message)
                    _log.warning("%s", message)
                if known is not None:
                    acls[arn] = known
                continue
            self._sources[arn] = whole
            acls.update(read)
        return acls


def _referred(arn: str, documents: Mapping[str, WafDocument]) -> Iterator[str]:
    """Yield the ARN, and the ARNs of all documents to which it refers, without duplicates."""
    seen, waiting = {arn: None}, [arn]
    while waiting:
        current = waiting.pop()
        yield current
        for text in _texts(documents[current].content):
            if text in documents and text not in seen:
                seen[text] = None
                waiting.append(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _plain(value: Any) -> Any:
    """Return a value with bytes encoded in base64, as in JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
