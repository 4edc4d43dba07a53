"""Rules about web ACLs: their documents are valid, and checks name existing rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from simulator.model.extras import explain_missing
from simulator.scenario.check_expression import parse_check
from simulator.scenario.document import Document, Path
from simulator.scenario.problems import Problem, nearest
from simulator.scenario.validation.raw_access import services, tried
from simulator.scenario.web_acl import WebAclDocuments, web_acl_documents

if TYPE_CHECKING:
    from simulator.rules.waf.json_node import WebAclError
    from simulator.rules.waf.web_acl import WebAcl


def web_acl_problems(document: Document, folder: FilePath) -> Iterator[Problem]:
    """Yield the problems of web ACLs, at their places in the file, and of checks on rules that no web ACL has."""
    acls: list[WebAcl] = []
    complete = True
    for name, service in services(document):
        if service.get("web_acl") is None:
            continue
        path: Path = ("services", name, "web_acl")
        acl = None
        try:
            acl = _built(service["web_acl"], path, document, folder)
        except _Wrong as wrong:
            yield wrong.problem
        if acl is None:
            complete = False
        else:
            acls.append(acl)
    if complete:
        yield from _unknown_rules(document, acls)


class _Wrong(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _built(value: object, path: Path, document: Document, folder: FilePath) -> WebAcl | None:
    """Return the web ACL; None if the value has a problem that web_acl.py reports.

    Raises:
        _Wrong: if the web ACL cannot be built.
    """
    try:
        documents = web_acl_documents(value, folder)
    except ValueError:
        return None
    from simulator.rules.waf.json_node import WebAclError  # noqa: PLC0415 few scenarios have a web ACL

    try:
        return documents.build()
    except WebAclError as error:
        raise _Wrong(_located(error, documents, path, document)) from error
    except ValueError as error:
        expected = str(error).partition(", must be ")[2]
        raise _Wrong(document.problem(path, expected)) from error
    except ImportError as error:
        missing = explain_missing(error)
        if missing is None:
            raise
        raise _Wrong(document.problem(path, f"without patterns: {missing}")) from error


def _located(error: WebAclError, documents: WebAclDocuments, path: Path, document: Document) -> Problem:
    """Return the error as a problem of the scenario, with its own line if the document is in place."""
    inside = next((each for each in documents.documents if each.file is None and each.name == error.file), None)
    if inside is None:
        return document.problem(path, f"right: {error}")
    return document.problem((*path, *inside.path_of(error.place)), error.expected)


def _unknown_rules(document: Document, acls: list[WebAcl]) -> Iterator[Problem]:
    known = [name for acl in acls for name in acl.rule_names]
    checks = document.data.get("checks")
    for index, given in enumerate(checks if isinstance(checks, list) else []):
        check = tried(parse_check, given)
        rule = None if check is None else check.tag("rule")
        if rule is not None and rule not in known:
            expected = f"about a rule of a web ACL: {', '.join(known)}" if known else "left out without a web ACL"
            yield document.problem(("checks", index), expected, near=nearest(rule, known))
