"""The section `web_acl` of a service: documents of AWS WAF, in files or in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from simulator.scenario.files.named_file import named_file

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl

KINDS: Final = ("WebACL", "IPSet", "RegexPatternSet", "RuleGroup")
_KIND_OF_SHORT: Final = "WebACL"
_IN_PLACE: Final = "web-acl"  # name of a web ACL in place without one
# AWS WAF's largest web ACL has 5,000 WCU; documents with 10,000 addresses in an IP set are far smaller than this.
FILE_BYTES_MAX: Final = 16 * 1024**2
_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string"},
        {"type": "object"},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
    ]
}


class WebAclDocument(NamedTuple):
    """A document, or a list of documents.

    `file` is None for one in place. `at`: its position in a list; None without one.

    `short`: it is only the content of a web ACL.
    """

    file: Path | None
    at: int | None
    content: Any
    short: bool = False

    @property
    def name(self) -> str:
        """The name of the document in errors."""
        return str(self.file) if self.file is not None else "web_acl" if self.at is None else f"web_acl[{self.at}]"

    def path_of(self, place: str) -> tuple[str | int, ...]:
        """Return the path of `WebACL.Rules[0].Action` below `web_acl`, for a document in place."""
        path: list[str | int] = [] if self.at is None else [self.at]
        for part in place.split(".") if place else []:
            name, *indexes = part.replace("]", "").split("[")
            path += [*([name] if name else []), *map(int, indexes)]
        return tuple(each for each in path if not (self.short and each == _KIND_OF_SHORT))


class WebAclDocuments(NamedTuple):
    """The documents of one web ACL."""

    documents: tuple[WebAclDocument, ...]

    @property
    def files(self) -> list[Path]:
        return [document.file for document in self.documents if document.file is not None]

    def build(self) -> WebAcl:
        """Return the web ACL without counted requests.

        Raises ValueError if it is invalid (`WebAclError` of json_node.py).
        """
        from simulator.rules.waf.acl_documents import read_web_acls  # noqa: PLC0415 few scenarios have a web ACL

        acls = read_web_acls([(document.name, document.content) for document in self.documents])
        if len(acls) != 1:
            msg = f"web_acl = {len(acls)} web ACLs, must be one web ACL with the sets and groups that it refers to"
            raise ValueError(msg)
        return next(iter(acls.values()))


def web_acl_documents(value: object, folder: Path) -> WebAclDocuments:
    """Return the documents of `web_acl`: a file, a document, or a list of both.

    Paths of files are relative to `folder`.
    """
    given = value if isinstance(value, list | tuple) else [value]
    documents = []
    for index, each in enumerate(given):
        at = index if isinstance(value, list | tuple) else None
        if isinstance(each, str):
            path = named_file(folder, each, "web_acl")
            documents.append(WebAclDocument(path, at, _content(path, each)))
        elif isinstance(each, Mapping):
            short = not any(kind in each for kind in KINDS)
            documents.append(WebAclDocument(None, at, _completed(each) if short else each, short))
        else:
            msg = f"web_acl = {each!r}, must be a file, a document of AWS WAF, or a list of these"
            raise ValueError(msg)  # noqa: TRY004 pydantic takes ValueError
    return WebAclDocuments(tuple(documents))


def _content(path: Path, given: str) -> Any:
    if not path.is_file():
        msg = f"web_acl = {given!r}, must be an existing file, relative to the scenario file"
        raise ValueError(msg)
    if path.stat().st_size > FILE_BYTES_MAX:
        msg = f"web_acl = {given!r}, must be at most {FILE_BYTES_MAX // 1024**2} MB"
        raise ValueError(msg)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        msg = f"web_acl = {given!r}, must be JSON as `aws wafv2 get-web-acl` prints: {error}"
        raise ValueError(msg) from error


def _completed(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document of a web ACL of which only the content is given; Name and ARN may be omitted."""
    name = content.get("Name", _IN_PLACE)
    arn = f"arn:aws:wafv2:us-east-1:123456789012:regional/webacl/{name}/00000000-0000-0000-0000-000000000000"
    return {_KIND_OF_SHORT: {"Name": name, "ARN": arn, **content}}


def _validated(value: object, info: ValidationInfo) -> WebAclDocuments:
    return web_acl_documents(value, Path((info.context or {}).get("folder", ".")))


WebAclSetting = Annotated[WebAclDocuments, PlainValidator(_validated), WithJsonSchema(_SCHEMA)]
