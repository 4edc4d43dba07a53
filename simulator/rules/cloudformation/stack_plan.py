"""Plans a stack: which resources a template requires, and the changes from the existing resources to those."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from simulator.model.text.problems import did_you_mean
from simulator.rules.cloudformation.accepted_types import unknown_attribute
from simulator.rules.cloudformation.functions import KNOWN_LATER, TemplateEvaluation
from simulator.rules.cloudformation.property_values import changed_properties, request_of
from simulator.rules.cloudformation.resource_types import RESOURCE_TYPES
from simulator.rules.cloudformation.template import Template, TemplateResource, in_order
from simulator.rules.cloudformation.template_error import TemplateError

_EXPORT_NAME_MAX: Final = 255


class ChangeAction(StrEnum):
    """The action of a planned change, in the words of CloudFormation's change sets."""

    ADD = "Add"
    MODIFY = "Modify"
    REMOVE = "Remove"


class Present(Protocol):
    """A resource that the stack has. `request` contains its properties as they were sent to the API."""

    @property
    def type(self) -> str: ...

    @property
    def physical_id(self) -> str: ...

    @property
    def ref(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, str]: ...

    @property
    def request(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A planned change. `properties` are those that differ; if `replaces` is True, a new resource replaces the existing
    one.
    """

    action: ChangeAction
    logical_id: str
    type: str
    physical_id: str = ""
    properties: tuple[str, ...] = ()
    create_only: frozenset[str] = frozenset()

    @property
    def replaces(self) -> bool:
        return bool(self.create_only & set(self.properties))


@dataclass(frozen=True, slots=True)
class OutputValue:
    """An evaluated output of a stack. `export` is the name under which it is exported, empty if it is not."""

    name: str
    value: str
    description: str = ""
    export: str = ""


class StackValues:
    """The values of Ref and Fn::GetAtt: those of existing resources, and KNOWN_LATER for the logical ids in `later`."""

    def __init__(self, present: Mapping[str, Present], template: Template, later: set[str] | None = None) -> None:
        self._present = present
        self._template = template
        self.later = later

    def ref(self, logical_id: str) -> str:
        found = self._found(logical_id)
        return KNOWN_LATER if found is None else found.ref

    def attribute(self, logical_id: str, name: str) -> str:
        resource = self._template.resources.get(logical_id)
        kind = RESOURCE_TYPES.get(resource.type) if resource is not None else None
        if kind is not None and name not in kind.attributes:
            raise unknown_attribute(kind.name, logical_id, name)
        found = self._found(logical_id)
        if found is None:
            return KNOWN_LATER
        if name not in found.attributes:
            raise unknown_attribute(found.type, logical_id, name)
        return found.attributes[name]

    def _found(self, logical_id: str) -> Present | None:
        """Return the resource, or None if its values are known later. Raises TemplateError if it will not exist."""
        if self.later is not None and logical_id in self.later:
            return None
        found = self._present.get(logical_id)
        if found is None:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{logical_id}] in the Resources block of the "
                "template"
            )
        return found


def active(template: Template, evaluation: TemplateEvaluation) -> list[TemplateResource]:
    """Return the resources whose condition is true, each after those that it needs."""
    resources = template.resources
    return [
        resources[name]
        for name in in_order(resources)
        if (condition := resources[name].condition) is None or evaluation.holds(condition)
    ]


def desired_request(resource: TemplateResource, evaluation: TemplateEvaluation) -> dict[str, Any]:
    """Return the properties as they are sent to the API; for types of other services unchanged. Raises
    TemplateError.
    """
    properties = evaluation.value(dict(resource.properties))
    if not isinstance(properties, dict):
        raise TemplateError(f"Template format error: [/Resources/{resource.logical_id}/Properties] must be a mapping.")
    kind = RESOURCE_TYPES.get(resource.type)
    return dict(properties) if kind is None else request_of(kind, resource.logical_id, properties)


def difference(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the properties that differ, and all properties of the type whose change replaces the resource."""
    known = RESOURCE_TYPES.get(kind)
    if known is not None:
        return changed_properties(known, before, after), known.create_only
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name))), frozenset()


def changes(
    template: Template, evaluation: TemplateEvaluation, values: StackValues, present: Mapping[str, Present]
) -> list[ResourceChange]:
    """Return the changes in the order of their execution. Removals are last, in the reverse order of `present`.

    `values` must be the values that `evaluation` uses: resources that a change creates are added to its `later`.
    """
    assert values.later is not None, "the values of a plan"
    found = []
    wanted = active(template, evaluation)
    values.later |= {each.logical_id for each in wanted if each.logical_id not in present}
    for resource in wanted:
        change = _change(resource, present.get(resource.logical_id), evaluation)
        if change is not None:
            found.append(change)
            if change.action is ChangeAction.ADD or change.replaces:
                values.later.add(resource.logical_id)
    names = {each.logical_id for each in wanted}
    gone = [(name, each) for name, each in present.items() if name not in names]
    return found + [
        ResourceChange(ChangeAction.REMOVE, name, each.type, each.physical_id) for name, each in reversed(gone)
    ]


def _change(
    resource: TemplateResource, before: Present | None, evaluation: TemplateEvaluation
) -> ResourceChange | None:
    if before is None:
        return ResourceChange(ChangeAction.ADD, resource.logical_id, resource.type)
    if before.type != resource.type:
        raise TemplateError(
            f"Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{resource.logical_id}]"
        )
    try:
        after = desired_request(resource, evaluation)
    except TemplateError:  # executing the change will fail with this error
        after = {"Properties": KNOWN_LATER}
    properties, create_only = difference(resource.type, before.request, after)
    if not properties:
        return None
    return ResourceChange(
        ChangeAction.MODIFY, resource.logical_id, resource.type, before.physical_id, properties, create_only
    )


def output_values(template: Template, evaluation: TemplateEvaluation) -> tuple[OutputValue, ...]:
    """Return the outputs whose condition is true. Raises TemplateError."""
    found = []
    for output in template.outputs:
        if output.condition is not None and not evaluation.holds(output.condition):
            continue
        value, export = evaluation.value(output.value), evaluation.value(output.export)
        if not isinstance(value, str | int | float):
            raise TemplateError(
                f"Template format error: Output {output.name} is malformed. (The Value field of every Outputs member "
                "must evaluate to a String.)"
            )
        if export is not None and (not isinstance(export, str) or not 1 <= len(export) <= _EXPORT_NAME_MAX):
            raise TemplateError(f"Template format error: Output {output.name} is malformed: the name of its Export")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found.append(OutputValue(output.name, text, output.description, export or ""))
    return tuple(found)


def evaluation_of(
    template: Template,
    parameters: Mapping[str, str],
    pseudo: Mapping[str, Any],
    values: StackValues,
    imports: Callable[[str], str],
) -> TemplateEvaluation:
    """Return an evaluation for a stack's template. `pseudo` has the values of AWS's pseudo parameters."""
    converted = {name: each.converted(parameters[name]) for name, each in template.parameters.items()}
    return TemplateEvaluation(converted | dict(pseudo), template.mappings, template.conditions, values, imports)


def unsupported(template: Template, accepted: Collection[str]) -> list[str]:
    """Return the resource types of a template that are neither simulated nor accepted without effect."""
    kinds = {each.type for each in template.resources.values()}
    return sorted(kinds - set(RESOURCE_TYPES) - set(accepted))


def nearest_type(kind: str) -> str:
    """Return the end of a message about an unknown resource type: the nearest one of App Runner, if there is one."""
    return did_you_mean(kind, RESOURCE_TYPES)
