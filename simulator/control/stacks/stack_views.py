"""Stacks, resources, events and change sets in the format of CloudFormation's responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.model.resources.stack import (
    ChangeSetResource,
    StackEventResource,
    StackInputs,
    StackMember,
    StackResource,
)
from simulator.rules.cloudformation.stack_plan import ResourceChange
from simulator.rules.cloudformation.template import Template
from simulator.rules.cloudformation.template_parameters import HIDDEN

Answer = dict[str, Any]


def stack_view(stack: StackResource) -> Answer:
    return {
        **_present(StackStatusReason=stack.reason, Description=stack.description, ChangeSetId=stack.change_set_id),
        **_present(LastUpdatedTime=stack.updated_at, DeletionTime=stack.deleted_at, RoleARN=stack.inputs.role_arn),
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "CreationTime": stack.created_at,
        "StackStatus": str(stack.status),
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": list(stack.inputs.notifications),
        "Parameters": _parameters(stack.inputs),
        "Capabilities": list(stack.inputs.capabilities),
        "Tags": _tags(stack.inputs.tags),
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "Outputs": [
            {
                "OutputKey": each.name,
                "OutputValue": each.value,
                **_present(Description=each.description, ExportName=each.export),
            }
            for each in stack.outputs
        ],
    }


def stack_summary(stack: StackResource) -> Answer:
    return {
        **_present(TemplateDescription=stack.description, StackStatusReason=stack.reason),
        **_present(LastUpdatedTime=stack.updated_at, DeletionTime=stack.deleted_at),
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "CreationTime": stack.created_at,
        "StackStatus": str(stack.status),
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def event_view(event: StackEventResource) -> Answer:
    return {
        "StackId": event.stack_id,
        "EventId": event.event_id,
        "StackName": event.stack_name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
        **_present(
            ResourceStatusReason=event.reason, ResourceProperties=event.properties, ClientRequestToken=event.token
        ),
    }


def resource_view(stack: StackResource, member: StackMember) -> Answer:
    """Return a resource in the format of DescribeStackResources."""
    return {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        **_member(member),
        "Timestamp": member.updated_at,
    }


def resource_detail(stack: StackResource, member: StackMember) -> Answer:
    """Return a resource in the format of DescribeStackResource."""
    return {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        **_member(member),
        "LastUpdatedTimestamp": member.updated_at,
    }


def resource_summary(member: StackMember) -> Answer:
    return {**_member(member), "LastUpdatedTimestamp": member.updated_at}


def change_set_view(change_set: ChangeSetResource, stack: StackResource) -> Answer:
    return {
        **change_set_summary(change_set, stack),
        "Parameters": _parameters(change_set.inputs),
        "NotificationARNs": list(change_set.inputs.notifications),
        "RollbackConfiguration": {},
        "Capabilities": list(change_set.inputs.capabilities),
        "Tags": _tags(change_set.inputs.tags),
        "Changes": list(change_set.changes),
        "OnStackFailure": change_set.on_failure,
    }


def change_set_summary(change_set: ChangeSetResource, stack: StackResource) -> Answer:
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "ChangeSetId": change_set.change_set_id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "CreationTime": change_set.created_at,
        "IncludeNestedStacks": False,
        **_present(StatusReason=change_set.reason, Description=change_set.description),
    }


def change_view(change: ResourceChange) -> Answer:
    """Return a change in the format of DescribeChangeSet."""
    view: Answer = {
        "Action": str(change.action),
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
        **_present(PhysicalResourceId=change.physical_id),
    }
    if change.properties:
        view["Replacement"] = str(change.replaces)
        view["Scope"] = ["Tags" if name == "Tags" else "Properties" for name in change.properties[:1]]
        view["Details"] = [_detail(change, name) for name in change.properties]
    return {"Type": "Resource", "ResourceChange": view}


def _detail(change: ResourceChange, name: str) -> Answer:
    target = {
        "Attribute": "Tags" if name == "Tags" else "Properties",
        "RequiresRecreation": "Always" if name in change.create_only else "Never",
        **({} if name == "Tags" else {"Name": name}),
    }
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def summary_view(template: Template, kinds: Iterable[str]) -> Answer:
    """Return a template in the format of GetTemplateSummary."""
    capabilities = list(template.capabilities())
    return {
        "Parameters": [
            {
                "ParameterKey": each.name,
                "ParameterType": each.type,
                "NoEcho": each.no_echo,
                **_present(Description=each.description),
                **({} if each.default is None else {"DefaultValue": HIDDEN if each.no_echo else each.default}),
                **({"ParameterConstraints": {"AllowedValues": list(each.allowed)}} if each.allowed else {}),
            }
            for each in template.parameters.values()
        ],
        "ResourceTypes": list(kinds),
        "Version": "2010-09-09",
        **_present(Description=template.description),
        **({"Capabilities": capabilities, "CapabilitiesReason": _reason(template)} if capabilities else {}),
    }


def validation_view(template: Template) -> Answer:
    """Return a template in the format of ValidateTemplate."""
    capabilities = list(template.capabilities())
    return {
        "Parameters": [
            {
                "ParameterKey": each.name,
                "NoEcho": each.no_echo,
                **_present(Description=each.description),
                **({} if each.default is None else {"DefaultValue": HIDDEN if each.no_echo else each.default}),
            }
            for each in template.parameters.values()
        ],
        **_present(Description=template.description),
        **({"Capabilities": capabilities, "CapabilitiesReason": _reason(template)} if capabilities else {}),
    }


def _reason(template: Template) -> str:
    kinds = sorted({each.type for each in template.resources.values() if each.type.startswith("AWS::IAM::")})
    return f"The following resource(s) require capabilities: [{', '.join(kinds)}]"


def _member(member: StackMember) -> Answer:
    return {
        "LogicalResourceId": member.logical_id,
        "ResourceType": member.type,
        "ResourceStatus": member.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        **_present(PhysicalResourceId=member.physical_id, ResourceStatusReason=member.reason),
    }


def _parameters(inputs: StackInputs) -> list[Answer]:
    return [
        {"ParameterKey": name, "ParameterValue": HIDDEN if name in inputs.hidden else value}
        | ({"ResolvedValue": inputs.resolved[name]} if name in inputs.resolved else {})
        for name, value in inputs.parameters.items()
    ]


def _tags(tags: Mapping[str, str]) -> list[Answer]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _present(**members: object) -> Answer:
    """Return the members without those that are empty."""
    return {name: value for name, value in members.items() if value is not None and value != ""}
