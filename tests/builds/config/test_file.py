from __future__ import annotations

import jsonschema
import pytest
import yaml

from simulator.builds.build_plan import BuildPlan
from simulator.builds.config.file import config_schema
from simulator.builds.config.reading import read_config
from simulator.builds.runtimes import BY_FILE_NAME, BuildKind
from simulator.model.text.problems import FileProblems

WHOLE = """\
version: 1.0
runtime: python311
build:
  commands:
    pre-build:
      - scripts/before.sh
    build:
      - pip install -t vendor -r requirements.txt
    post-build:
      - python -m unittest
  env:
    - name: STAGE
      value: build
run:
  runtime-version: 3.11.14
  pre-run:
    - pip3 install flask
  command: python3 app.py
  network:
    port: 8000
    env: APP_PORT
  env:
    - name: DEBUG
      value: no
  secrets:
    - name: PASSWORD
      value-from: "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:username::"
    - name: TOKEN
      value-from: token
"""
LEAST = "version: 1.0\nruntime: {}\nbuild:\n  commands:\n    build: [make]\nrun:\n  command: ./app\n"


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblems) as rejected:
        read_config(text)
    return [str(problem) for problem in rejected.value.problems]


def test_every_key_is_read() -> None:
    config = read_config(WHOLE)
    assert config.of_runtime.kind is BuildKind.REVISED
    assert config.build.commands.pre_build == ("scripts/before.sh",)
    assert config.build.commands.post_build == ("python -m unittest",)
    assert [(each.name, each.value) for each in config.build.env] == [("STAGE", "build")]
    assert (config.run.runtime_version, config.run.pre_run) == ("3.11.14", ("pip3 install flask",))
    assert (config.run.network.port, config.run.network.env) == ("8000", "APP_PORT")
    assert [(each.name, each.value) for each in config.run.env] == [("DEBUG", "no")]
    assert [each.name for each in config.run.secrets] == ["PASSWORD", "TOKEN"]


@pytest.mark.parametrize("runtime", BY_FILE_NAME)
def test_every_runtime_can_be_named(runtime: str) -> None:
    config = read_config(LEAST.format(runtime))
    assert config.of_runtime.file_name == runtime
    assert config.run.network.port == "8080"


def test_all_problems_are_reported_at_once_with_line_and_column() -> None:
    text = WHOLE.replace("1.0", "2.0").replace("python311", "python312").replace("8000", "80000")
    text = text.replace("pre-run:", "prerun:").replace("from: token", "from: a b")
    assert problems(text) == [
        "apprunner.yaml:1:1: version = 2.0, must be 1.0, the only one there is",
        (
            "apprunner.yaml:2:1: runtime = python312, must be one of "
            f"{', '.join(BY_FILE_NAME)}; did you mean `python311`?"
        ),
        (
            "apprunner.yaml:16:3: run.prerun = a list, must be a known key: "
            "command, runtime-version, pre-run, network, env, secrets; did you mean `pre-run`?"
        ),
        "apprunner.yaml:20:5: run.network.port = 80000, must be a whole number from 1 to 65535",
        (
            "apprunner.yaml:29:7: run.secrets[1].value-from = 'a b', must be the ARN of a secret, with or without "
            ":json-key:version-stage:version-id, the ARN of an SSM parameter, or the name of one"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 1.0\nruntime: go1\n", "1:1: build = nothing, must be given"),
        (LEAST.format("go1").replace("[make]", "make"), "5:5: build.commands.build = make, must be a list"),
        (
            LEAST.format("go1").replace("[make]", "[]"),
            "5:5: build.commands.build = a list, must be at least one command",
        ),
        (LEAST.format("go1").replace("./app", "''"), "7:3: run.command = , must be not empty"),
        (
            LEAST.format("nodejs22") + "  runtime-version: 20\n",
            "8:3: run.runtime-version = 20, must be a version of Node.js 22",
        ),
        (
            LEAST.format("go1") + "  env: [{name: A, value: 1}, {name: A, value: 2}]\n",
            "8:3: run.env = A more than once in env and secrets, must be variables of different names",
        ),
        (LEAST.format("go1") + "   env: 1\n", "8:7: file = a second `: ` or a line that is indented too far"),
        ("- a\n", "1:1: file = a list, must be a mapping of keys such as version and runtime"),
    ],
)
def test_each_problem_is_reported(text: str, problem: str) -> None:
    assert any(problem in told for told in problems(text)), problems(text)


def test_an_alias_bomb_is_rejected() -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    (told,) = problems(f"x0: &x0 [lol, lol]\n{levels}")
    assert "too much, must be at most 150000 values after aliases" in told


@pytest.mark.parametrize("text", [WHOLE, *map(LEAST.format, BY_FILE_NAME)])
def test_the_schema_accepts_what_the_reader_accepts(text: str) -> None:
    jsonschema.Draft202012Validator(config_schema()).validate(yaml.safe_load(text.replace("value: no", "value: off")))


def test_the_schema_rejects_what_the_reader_rejects() -> None:
    judge = jsonschema.Draft202012Validator(config_schema())
    assert not judge.is_valid(yaml.safe_load(LEAST.format("nodejs20")))
    assert not judge.is_valid(yaml.safe_load(WHOLE.replace("pre-run", "prerun")))
    assert not judge.is_valid(yaml.safe_load(WHOLE.replace("8000", "80000")))


@pytest.mark.case("P2")
@pytest.mark.parametrize(
    "more",
    [
        "  network: {port: 3000, env: PORT}\n",
        "  env: [{name: PORT, value: 3000}]\n",
    ],
)
def test_a_port_variable_without_effect_is_dropped_with_a_note(more: str) -> None:
    plan = BuildPlan.of_file(read_config(LEAST.format("python311") + more))
    assert plan.port_variable == ""
    assert "PORT" not in plan.variables
    assert any("PORT" in note for note in plan.notes)


@pytest.mark.case("P2")
def test_a_port_of_the_build_is_the_builds_own_and_a_secret_cannot_be_one() -> None:
    text = LEAST.format("python311")
    plan = BuildPlan.of_file(read_config(text.replace("run:", "  env: [{name: PORT, value: 1}]\nrun:")))
    assert (plan.build_variables, plan.notes) == ({"PORT": "1"}, ())
    assert problems(text + "  secrets: [{name: PORT, value-from: a}]\n") == [
        (
            "apprunner.yaml:8:14: run.secrets[0].name = PORT, must be another: App Runner sets PORT itself; "
            "use run.network.port"
        )
    ]


MISTAKES = {
    "a list of commands": (
        LEAST.format("go1").replace("\n    build: [make]", " [make]"),
        (
            "4:3: build.commands = a list, must be a mapping of pre-build:, build: and post-build:; "
            "put the list below build:"
        ),
        "P11",
    ),
    "a command as text": (
        LEAST.format("go1").replace("[make]", "make"),
        "5:5: build.commands.build = make, must be a list: each command in a line of its own, as `- COMMAND`",
        "P11",
    ),
    "a build without commands": (
        LEAST.format("go1").replace("  commands:\n    build: [make]", "  - make"),
        "3:1: build = a list, must be a mapping with commands: and, as needed, env:",
        "P11",
    ),
    "a start command as a list": (
        LEAST.format("go1").replace("./app", "[./app]"),
        (
            "7:3: run.command = a list, must be text: one command, which no shell runs; several go into a script, or "
            "into `sh -c '...'`"
        ),
        "P11",
    ),
    "variables as a mapping": (
        LEAST.format("go1") + "  env:\n    A: b\n",
        "8:3: run.env = a mapping, must be a list of `- name: NAME` with `value: VALUE` below it",
        "P11",
    ),
    "variables as items": (
        LEAST.format("go1") + "  env:\n    - A: b\n",
        "9:7: run.env[0].A = b, must be written as `- name: A` with `value: VALUE` below it",
        "P11",
    ),
    "network at the top": (
        LEAST.format("go1") + "network:\n  port: 80\n",
        "8:1: network = a mapping, must be below run",
        "P12",
    ),
    "a port in run": (LEAST.format("go1") + "  port: 80\n", "8:3: run.port = 80, must be below run.network", "P12"),
    "variables at the top": (
        LEAST.format("go1") + "env: []\n",
        "8:1: env = a list, must be below build or below run",
        "P12",
    ),
    "pre-run in the build": (
        LEAST.format("go1").replace("    build:", "    pre-run: [x]\n    build:"),
        "5:5: build.commands.pre-run = a list, must be below run",
        "P12",
    ),
    "a version at the top": (
        LEAST.format("go1") + "runtime-version: 1.18\n",
        "8:1: runtime-version = 1.18, must be below run",
        "P12",
    ),
    "a size": (
        LEAST.format("go1") + "cpu: 1024\n",
        "8:1: cpu = 1024, must be set through the API (CreateService, UpdateService); the file has no such key",
        "P12",
    ),
    "a Dockerfile": (
        LEAST.format("docker"),
        (
            "2:1: runtime = docker, must be a managed runtime, because App Runner builds no Dockerfile from this file. "
            "`simulator up` builds a Dockerfile if there is no apprunner.yaml in its folder: remove or rename this file"
        ),
        "P13",
    ),
    "a name of the API": (
        LEAST.format("PYTHON_311"),
        "2:1: runtime = PYTHON_311, must be `python311`, as files write PYTHON_311",
        "P13",
    ),
    "a language": (LEAST.format("node"), "2:1: runtime = node, must be `nodejs22`", "P13"),
}


@pytest.mark.parametrize(
    ("text", "problem"),
    [pytest.param(text, told, id=name, marks=pytest.mark.case(case)) for name, (text, told, case) in MISTAKES.items()],
)
def test_a_common_mistake_is_reported_with_a_hint(text: str, problem: str) -> None:
    assert f"apprunner.yaml:{problem}" in problems(text)


@pytest.mark.case("P24")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LEAST.format("go1").replace("  command: ./", "\tcommand: ./"), "7:1: file = a tab, must be spaces"),
        (
            LEAST.format("go1").replace("  command", "   command") + "  env: []\n",
            "8:3: file = a line that does not fit",
        ),
        (LEAST.format("go1").replace("./app", "'./app"), "7:12: file = a quotation mark that is not closed"),
        (LEAST.format("go1").replace("[make]", "[make"), "5:12: file = a list in [ ] that is not closed"),
        (LEAST.format("go1").replace("./app", "@app"), "7:12: file = a text that begins with @, must be in quotes"),
        (LEAST.format("go1").replace("./app", "*app"), "7:12: file = a text that begins with *, must be in quotes"),
        (LEAST.format("go1").replace("run:", "run"), "6:1: file = a line without `:`"),
        (LEAST.format("go1").replace("./app", '"a\\d"'), "7:15: file = a backslash in a text in"),
        (LEAST.format("go1") + "---\na: b\n", "8:1: file = a second document"),
    ],
)
def test_a_yaml_syntax_error_is_reported_in_plain_words(text: str, problem: str) -> None:
    (told,) = problems(text)
    assert told.startswith(f"apprunner.yaml:{problem}")
    assert not any(word in told for word in ("token", "block end", "scanning", "parsing", "mapping values"))


@pytest.mark.case("P4")
@pytest.mark.parametrize(
    ("runtime", "version", "is_taken"),
    [
        ("python3", "3.8.16", True),
        ("python3", "3.7", True),
        ("python3", "3", True),
        ("python3", "3.9", False),
        ("python3", "3.11.7", False),
        ("go1", "1.18", True),
        ("go1", "1", True),
        ("go1", "1.21", False),
        ("corretto11", "11.0.28.6.1", True),
        ("corretto8", "8.472.08.1", True),
        ("dotnet6", "6.0.36", True),
        ("php81", "8.2", False),
        ("ruby31", "3.2", False),
        ("nodejs12", "14", False),
    ],
)
def test_a_runtime_version_is_one_that_app_runner_runs(runtime: str, version: str, is_taken: bool) -> None:
    text = LEAST.format(runtime) + f"  runtime-version: {version}\n"
    if is_taken:
        assert read_config(text).run.runtime_version == version
    else:
        (told,) = problems(text)
        assert f"run.runtime-version = {version}, must be a version of" in told
