"""Services before and after a change, and other programs that read the texts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import yaml

from simulator.lab.apply.instructions import ApplyInstructions, ApplyTool
from simulator.lab.apply.service_change import ServiceChange
from simulator.scenario.scenario import ScenarioSpec, read_scenario

# Writes each call as a line of JSON, and answers with an ARN, as `--output text` of the real program does.
_AWS = """\
#!/bin/sh
python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@" >> "$CALLS"
[ "$2" = "$FAILS" ] && exit 254
echo "arn:of:$2"
"""


def scenario(name: str = "shop", **settings: Any) -> ScenarioSpec:
    """Return a scenario with one service that has these settings, as in a file."""
    service = {"application": {"simulated": {"io": "10ms"}}, **settings}
    data = {"duration": "1 min", "aws": {"endpoint": "http://127.0.0.1:4566"}, "services": {name: service}}
    return read_scenario(json.dumps(data, ensure_ascii=False))


def change(name: str = "shop", *, before: dict[str, Any], after: dict[str, Any]) -> ServiceChange:
    return ServiceChange(name, scenario(name, **before).services[name], scenario(name, **after).services[name])


def text_of(instructions: ApplyInstructions, tool: ApplyTool) -> str:
    found = instructions.text_for(tool)
    assert found is not None
    return found.text


def called(script: str, folder: Path, *, fails: str = "", name: str = "aws") -> list[list[str]]:
    """Return the words of each call of the program `name` when a shell runs the script. `fails`: the command that ends
    in error.
    """
    program = folder / name
    program.write_text(_AWS, encoding="utf-8")
    program.chmod(0o755)
    calls = folder / "calls"
    calls.write_text("", encoding="utf-8")
    environment = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "CALLS": str(calls), "FAILS": fails}
    subprocess.run(["/bin/sh", "-c", script], check=False, env=environment, capture_output=True, timeout=60)
    return [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]


def options(words: list[str]) -> dict[str, str]:
    """Return the options of a call of `aws`, which come after its service and command."""
    return dict(zip(words[2::2], words[3::2], strict=True))


def terraform(text: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of each resource, by its type. Nested blocks are lists."""
    options = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    resources: list[Any] = _plain(hcl2.loads(text, serialization_options=options)["resource"])
    return {kind: body for each in resources for kind, named in each.items() for body in named.values()}


def _plain(value: Any) -> Any:
    """Return a value in which the escaped beginnings of expressions are text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace("$${", "${").replace("%%{", "%{") if isinstance(value, str) else value


class _Template(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def _attribute(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> dict[str, list[str]]:
    return {"Fn::GetAtt": str(loader.construct_scalar(node)).split(".")}


_Template.add_constructor("!GetAtt", _attribute)


def template(text: str) -> dict[str, Any]:
    """Return the resources of a template."""
    resources: dict[str, Any] = yaml.load(text, Loader=_Template)["Resources"]
    return resources
