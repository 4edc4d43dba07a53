from __future__ import annotations

import jsonschema
import pytest
import yaml

from simulator.builds.config_file import config_schema
from simulator.builds.config_reading import read_config
from simulator.builds.runtimes import BY_FILE_NAME, BuildKind
from simulator.model.problems import FileProblems

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
    with pytest.raises(FileProblems) as refused:
        read_config(text)
    return [str(problem) for problem in refused.value.problems]


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


def test_all_problems_are_told_at_once_with_line_and_column() -> None:
    text = WHOLE.replace("1.0", "2.0").replace("python311", "python312").replace("8000", "80000")
    text = text.replace("pre-run:", "prerun:").replace("name: DEBUG", "name: PORT").replace("from: token", "from: a b")
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
            "apprunner.yaml:23:7: run.env[0].name = PORT, must be another: App Runner sets PORT itself; "
            "use run.network.port"
        ),
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
        (LEAST.format("go1") + "   env: 1\n", "8:7: file = mapping values are not allowed here, must be YAML"),
        ("- a\n", "1:1: file = a list, must be a mapping of keys such as version and runtime"),
    ],
)
def test_what_is_wrong_is_told(text: str, problem: str) -> None:
    assert any(problem in told for told in problems(text)), problems(text)


def test_an_alias_bomb_is_refused() -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    (told,) = problems(f"x0: &x0 [lol, lol]\n{levels}")
    assert "too much, must be at most 150000 values after aliases" in told


@pytest.mark.parametrize("text", [WHOLE, *map(LEAST.format, BY_FILE_NAME)])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    jsonschema.Draft202012Validator(config_schema()).validate(yaml.safe_load(text.replace("value: no", "value: off")))


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    judge = jsonschema.Draft202012Validator(config_schema())
    assert not judge.is_valid(yaml.safe_load(LEAST.format("nodejs20")))
    assert not judge.is_valid(yaml.safe_load(WHOLE.replace("pre-run", "prerun")))
    assert not judge.is_valid(yaml.safe_load(WHOLE.replace("8000", "80000")))
