"""The page of App Runner's actions: the resource and the condition keys of each, operators, managed policies."""

from __future__ import annotations

from typing import Final

from page_parts import code, table
from simulator.rules.iam.actions import (
    ABSENT_GLOBAL_KEYS,
    ACTIONS,
    ANY_KIND,
    PRESENT_GLOBAL_KEYS,
    ActionFacts,
)
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.rules.iam.operators import OPERATORS
from simulator.rules.iam.policy import IamStatement

_ABOUT: Final = """\
What an identity policy of an access key can name. [How to limit access keys](../how-to/iam.md) shows its use; the
sources are in [the facts](../facts/app-runner.md#12.1).
"""


def iam_page() -> str:
    """Actions, global condition keys, operators and managed policies."""
    rows = ([code(f"apprunner:{name}"), facts.level, _resource(facts), _keys(facts.keys)] for name, facts in _actions())
    operators = ([code(name), code(each.expected)] for name, each in sorted(OPERATORS.items()))
    return "\n".join(
        [
            "# IAM actions and condition keys\n",
            _ABOUT,
            "## Actions\n",
            table(["action", "level", "checked on", "condition keys"], rows),
            "An action without an operation of its name can be written in a policy; no call is checked for it.\n",
            "## Global condition keys\n",
            f"Every call has {_keys(PRESENT_GLOBAL_KEYS)}; a role's session has no `aws:username`.\n",
            f"These exist on AWS and are absent here: {_keys(ABSENT_GLOBAL_KEYS)}.\n",
            "`iam:PassRole` has `iam:PassedToService` and `iam:AssociatedResourceArn`.\n",
            "## Condition operators\n",
            "Each also ends in `IfExists`, except `Null`, and takes `ForAllValues:` or `ForAnyValue:` before it.\n",
            table(["operator", "value"], operators),
            "## Managed policies\n",
            table(["policy", "statements"], ([code(name), _statements(name)] for name in MANAGED_POLICIES)),
        ]
    )


def _actions() -> list[tuple[str, ActionFacts]]:
    return sorted(ACTIONS.items())


def _resource(facts: ActionFacts) -> str:
    if not facts.resource:
        return code("*")
    if facts.resource == ANY_KIND:
        return "any resource"
    if facts.creates:
        return code(f"{facts.resource}/NAME/*")
    return facts.resource if facts.is_operation else f"{facts.resource}; no operation"


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(map(code, keys))


def _statements(name: str) -> str:
    return "; ".join(map(_statement, MANAGED_POLICIES[name].statements))


def _statement(statement: IamStatement) -> str:
    return f"{statement.effect} {', '.join(code(action.text) for action in statement.actions)}"
