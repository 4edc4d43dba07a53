"""The evaluation of a stack's template with the values of the stack, and the exports of other stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulator.control.stacks.stack_book import StackBook
from simulator.model.resources.stack import StackInputs, StackMember, StackResource
from simulator.rules.cloudformation.functions import TemplateEvaluation
from simulator.rules.cloudformation.stack_plan import StackValues, evaluation_of
from simulator.rules.cloudformation.template import Template
from simulator.rules.cloudformation.template_error import TemplateError

PARTITION: Final = "aws"


class StackScope:
    """A template with the values of a stack. `imports`: the names of the exports that were used."""

    def __init__(
        self,
        book: StackBook,
        stack: StackResource,
        inputs: StackInputs,
        members: Mapping[str, StackMember],
        *,
        later: set[str] | None = None,
    ) -> None:
        self.template = Template.parse(inputs.template)
        self.values = StackValues(members, self.template, later)
        self.imports: set[str] = set()
        self._book = book
        self._stack = stack
        self.evaluation: TemplateEvaluation = evaluation_of(
            self.template, inputs.values, _pseudo(stack, inputs), self.values, self._import
        )

    def _import(self, name: str) -> str:
        for stack, export, value in self._book.exports(self._stack.owner_key):
            if export == name and stack.stack_id != self._stack.stack_id:
                self.imports.add(name)
                return value
        raise TemplateError(f"No export named {name} found.")


def _pseudo(stack: StackResource, inputs: StackInputs) -> dict[str, Any]:
    return {
        "AWS::AccountId": stack.account,
        "AWS::NotificationARNs": list(inputs.notifications),
        "AWS::Partition": PARTITION,
        "AWS::Region": stack.region,
        "AWS::StackId": stack.stack_id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com",
    }
