"""`simulator iam`: explains why the policies of an access key allow or deny an action."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import typer

from simulator.api.access_keys import AccessKey
from simulator.cli.access.keys_section import policy_warnings
from simulator.cli.exit_codes import CHECK_FAILED, bad_input
from simulator.cli.platform.serve_config import ServeConfig, load_config
from simulator.cli.printing import echo
from simulator.control.wall_clock import iso_text, live_wall_clock
from simulator.model.text.problems import did_you_mean, one_of
from simulator.rules.iam.access_request import EVERY_RESOURCE, AccessRequest
from simulator.rules.iam.actions import ACTIONS, PASS_ROLE, PASSED_TO, PREFIX
from simulator.rules.iam.evaluation import AccessDecision, Misses, StatementResult, decide
from simulator.rules.iam.identity import IamIdentity
from simulator.scenario.problems import ScenarioError

_WIDTH: Final = 80

iam = typer.Typer(
    help="IAM policies of the access keys of a configuration.", no_args_is_help=True, add_completion=False
)


@iam.callback()
def _iam() -> None:
    """IAM policies of the access keys of a configuration."""


@iam.command()
def explain(
    key: str = typer.Argument(..., metavar="KEY", help="Access key id of the configuration."),
    action: str = typer.Argument(..., metavar="ACTION", help="For example PauseService or iam:PassRole."),
    resource: str | None = typer.Argument(
        None, metavar="[RESOURCE]", help="ARN, or its end such as service/shop/1. Left out: `*`, for lists."
    ),
    config: Path = typer.Option(..., metavar="FILE", help="Configuration of `simulator serve`."),
    context: list[str] = typer.Option(
        [], metavar="KEY=VALUE", help="A condition key, such as aws:ResourceTag/team=blue; again for more values."
    ),
) -> None:
    """Show which statement allows or denies an action, and why others do not apply. Exit code 1: it is denied."""
    try:
        loaded = load_config(config)
        access_key = _key(loaded, key)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    for warning in policy_warnings([access_key]):
        echo(f"warning: {warning}", err=True)
    identity = access_key.identity or IamIdentity(f"arn:aws:iam::{access_key.account}:user/simulator")
    full = _action(action)
    arn = _resource(full, resource, f"arn:aws:apprunner:{loaded.api.region}:{access_key.account}:")
    given = _context(context)
    decision = decide(identity, AccessRequest.of(full, arn, _keys(loaded, access_key, identity, full) | given))
    for line in _explained(identity, decision):
        echo(line)
    if not decision.allowed:
        raise typer.Exit(CHECK_FAILED)


def _key(config: ServeConfig, name: str) -> AccessKey:
    keys = {each.access_key_id: (index, each) for index, each in enumerate(config.api.keys)}
    if name not in keys:
        known = one_of(name, keys) if keys else "a key of the configuration, which lists none"
        msg = f"KEY = {name}, must be {known}"
        raise ValueError(msg)
    index, section = keys[name]
    return section.access_key(("api", "keys", index))


def _action(text: str) -> str:
    full = text if ":" in text else PREFIX + text
    if full.lower().startswith(PREFIX):
        names = {name.lower(): name for name in ACTIONS}
        name = full[len(PREFIX) :]
        if name.lower() not in names:
            bad_input(f"ACTION = {text}, must be an action of App Runner{did_you_mean(name, ACTIONS)}")
        return PREFIX + names[name.lower()]
    return full


def _resource(action: str, given: str | None, start: str) -> str:
    facts = ACTIONS.get(action.removeprefix(PREFIX))
    if facts is not None and not facts.resource:
        if given not in {None, EVERY_RESOURCE}:
            bad_input(f"RESOURCE = {given}, must be left out: {action} has no resource, so policies see `*`")
        return EVERY_RESOURCE
    if given is None:
        kind = "service" if facts is None or facts.resource == "any" else facts.resource
        such_as = f"{start}{kind}/NAME/ID" if facts is not None else "arn:aws:iam::123456789012:role/NAME"
        bad_input(f"RESOURCE = nothing, must be the resource of {action}, such as {such_as}")
    return given if given.startswith("arn:") or given == EVERY_RESOURCE else start + given


def _context(pairs: Iterable[str]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or ":" not in name:
            bad_input(f"context = {pair}, must be KEY=VALUE such as aws:SourceIp=203.0.113.7")
        found.setdefault(name.lower(), []).append(value)
    return dict(found)


def _keys(config: ServeConfig, key: AccessKey, identity: IamIdentity, action: str) -> dict[str, str | list[str]]:
    """Return the condition keys, in lower case, that a call of this access key from this machine would have now."""
    now = live_wall_clock()
    keys = {
        **identity.keys(key.access_key_id),
        "aws:CurrentTime": iso_text(now),
        "aws:EpochTime": str(int(now)),
        "aws:RequestedRegion": config.api.region,
        "aws:SecureTransport": str(config.api.tls).lower(),
        "aws:SourceIp": "127.0.0.1",
        "aws:ViaAWSService": "false",
    }
    if action == PASS_ROLE:
        keys[PASSED_TO] = config.api.passed_to_service
    return {name.lower(): value for name, value in keys.items()}


def _explained(identity: IamIdentity, decision: AccessDecision) -> Iterator[str]:
    request = decision.request
    if decision.allowed:
        yield f"allowed: {request.action} on {request.resource}"
        if decision.by is None:
            yield "by: nothing limits this key, it has no policies"
        else:
            yield f"by: {decision.by.place}, {decision.by.kind}"
    else:
        yield f"denied: {request.action} on {request.resource}"
        yield f"by: {decision.by.place}, {decision.by.kind}" if decision.by else f"by: no {decision.kind} allows it"
        yield f"message: {decision.sentence(identity.arn)}"
    if decision.results:
        yield "statements:"
    for result in decision.results:
        text = f"{result.statement.effect:<5}  {result.place}: {_why(result)}"
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False
        )


def _why(result: StatementResult) -> str:
    if result.misses is None:
        return "applies"
    return f"needs {result.detail}" if result.misses is Misses.CONDITION else f"is for other {result.misses}s"
