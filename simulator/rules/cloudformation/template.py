"""A checked template: its sections, and the order in which its resources depend on each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self

from simulator.rules.cloudformation.references import Reference, references
from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.cloudformation.template_parameters import TemplateParameter, parameters_of
from simulator.rules.cloudformation.template_text import parse_template

PSEUDO_PARAMETERS: Final = (
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)
# Rules and Metadata are accepted and have no effect.
_SECTIONS: Final = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)
_VERSION: Final = "2010-09-09"
_POLICIES: Final = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
_IAM: Final = "AWS::IAM::"
_NAMES_OF_IAM: Final = frozenset({"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"})


@dataclass(frozen=True, slots=True)
class TemplateResource:
    """A resource of a template. `needs` has the logical ids that DependsOn or references require to exist first."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    needs: frozenset[str]
    condition: str | None = None
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"  # applies to the old resource after a replacement


@dataclass(frozen=True, slots=True)
class TemplateOutput:
    """A declared output; `value` and `export` are not evaluated yet."""

    name: str
    value: Any
    description: str = ""
    condition: str | None = None
    export: Any = None


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template, created by `parse`."""

    description: str
    parameters: Mapping[str, TemplateParameter]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, TemplateResource]
    outputs: tuple[TemplateOutput, ...]

    @classmethod
    @lru_cache(maxsize=16)  # parsing 50 KB of YAML takes over 0.1 s, and a run needs the template for every resource
    def parse(cls, text: str) -> Self:
        """Read and check a template. Raises TemplateError."""
        content = parse_template(text)
        unknown = sorted(set(content) - _SECTIONS)
        if unknown:
            raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
        version = content.get("AWSTemplateFormatVersion")
        if version is not None and version != _VERSION:
            raise TemplateError(f"Template format error: {version} is not a supported value.")
        if content.get("Transform"):
            raise TemplateError(
                "Template error: Transform is not supported here: process the template before, as `sam build` or "
                "`cdk synth` does"
            )
        section = _section(content, "Resources")
        if not section:
            raise TemplateError("Template format error: At least one Resources member must be defined.")
        template = cls(
            str(content.get("Description", "")),
            parameters_of(_section(content, "Parameters")),
            _section(content, "Mappings"),
            _section(content, "Conditions"),
            {name: _resource(name, each, section) for name, each in section.items()},
            tuple(_output(name, each) for name, each in _section(content, "Outputs").items()),
        )
        template._check()
        return template

    def capabilities(self) -> tuple[str, ...]:
        """Return the capabilities that a caller must acknowledge to create the stack; only IAM resources need one."""
        of_iam = [each for each in self.resources.values() if each.type.startswith(_IAM)]
        if not of_iam:
            return ()
        named = any(_NAMES_OF_IAM & set(each.properties) for each in of_iam)
        return ("CAPABILITY_NAMED_IAM",) if named else ("CAPABILITY_IAM",)

    def _check(self) -> None:
        self._check_names("Resources", self._referred(each.properties for each in self.resources.values()))
        for resource in self.resources.values():
            self._check_condition(resource.condition)
            missing = sorted(resource.needs - set(self.resources))
            if missing:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the Resources "
                    "block of the template"
                )
        for output in self.outputs:
            self._check_condition(output.condition)
        self._check_names("Outputs", self._referred([each.value, each.export] for each in self.outputs))
        for reference in references(list(self.conditions.values())):
            if not reference.is_condition and reference.name not in {*self.parameters, *PSEUDO_PARAMETERS}:
                raise TemplateError(
                    f"Template error: Unresolved dependencies [{reference.name}]. Cannot reference resources in the "
                    "Conditions block of the template"
                )
        in_order(self.resources)

    def _referred(self, values: Iterable[Any]) -> list[Reference]:
        return [reference for value in values for reference in references(value)]

    def _check_names(self, block: str, found: Iterable[Reference]) -> None:
        known = {*self.parameters, *PSEUDO_PARAMETERS, *self.resources}
        missing = sorted({each.name for each in found if not each.is_condition and each.name not in known})
        if missing:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} block "
                "of the template"
            )
        for each in found:
            if each.is_condition:
                self._check_condition(each.name)
            elif each.attribute and each.name not in self.resources:
                raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {each.name}")

    def _check_condition(self, name: str | None) -> None:
        if name is not None and name not in self.conditions:
            raise TemplateError(f"Template format error: Unresolved condition {name} in the template")


def in_order(resources: Mapping[str, TemplateResource], present: Collection[str] | None = None) -> list[str]:
    """Return logical ids, each after those that it needs. With `present`, only those in it. Raises TemplateError."""
    left = {name: set(each.needs) & set(resources) for name, each in resources.items()}
    ordered: list[str] = []
    while left:
        free = [name for name, needs in left.items() if needs <= set(ordered)]
        if not free:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(_circle(left))}]")
        ordered += free
        for name in free:
            del left[name]
    return ordered if present is None else [name for name in ordered if name in present]


def _circle(left: Mapping[str, set[str]]) -> list[str]:
    """Return the resources of one dependency cycle, without resources that only depend on it."""
    name, path = next(iter(left)), list[str]()
    while name not in path:
        path.append(name)
        name = next(each for each in left[name] if each in left)
    return path[path.index(name) :]


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = content.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise TemplateError(f"Template format error: {name} must be a mapping.")
    return section


_RESOURCE_MEMBERS: Final = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)


def _resource(name: str, content: Any, names: Collection[str]) -> TemplateResource:
    if not name.isascii() or not name.isalnum():
        raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(content, dict):
        raise TemplateError(f"Template format error: [/Resources/{name}] resource definition is malformed")
    unknown = sorted(set(content) - _RESOURCE_MEMBERS)
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")
    kind = content.get("Type")
    if not isinstance(kind, str):
        raise TemplateError("Template format error: Every Resources object must contain a Type member.")
    properties = content.get("Properties") or {}
    if not isinstance(properties, dict):
        raise TemplateError(f"Template format error: [/Resources/{name}/Properties] must be a mapping.")
    policies = []
    for member in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = content.get(member, "Delete")
        if policy not in _POLICIES:
            raise TemplateError(f"Template error: {member} of {name} must be one of {', '.join(_POLICIES)}")
        policies.append(str(policy))
    before = content.get("DependsOn", [])
    depends_on = [before] if isinstance(before, str) else before
    if not isinstance(depends_on, list) or not all(isinstance(each, str) for each in depends_on):
        raise TemplateError(f"Template format error: DependsOn of {name} must be a string or a list of strings.")
    referred = {each.name for each in references(properties) if not each.is_condition and each.name in names}
    return TemplateResource(
        name, kind, properties, frozenset({*depends_on, *referred}), _text_or_none(content, "Condition"), *policies
    )


def _output(name: str, content: Any) -> TemplateOutput:
    if not isinstance(content, dict) or "Value" not in content:
        raise TemplateError("Template format error: Every Outputs member must contain a Value object")
    export = content.get("Export")
    if export is not None and (not isinstance(export, dict) or "Name" not in export):
        raise TemplateError(f"Template format error: Export of output {name} must contain a Name.")
    description = str(content.get("Description", ""))
    condition = _text_or_none(content, "Condition")
    return TemplateOutput(name, content["Value"], description, condition, export["Name"] if export else None)


def _text_or_none(content: Mapping[str, Any], member: str) -> str | None:
    value = content.get(member)
    if value is not None and not isinstance(value, str):
        raise TemplateError(f"Template format error: {member} must be a string.")
    return value
