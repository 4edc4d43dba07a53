"""A role assumed by the unmodified AWS CLI, also after its file has changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.live.client_tools import aws_cli_2
from tests.live.vpc_stage import serving, until

ROLE = "arn:aws:iam::123456789012:role/deploy"
CONFIGURATION = """\
metrics: {port: 0}
api:
  keys:
    - access_key_id: AKIACI
      secret_access_key: ci-secret
      policies: [{Statement: {Effect: Allow, Action: "sts:AssumeRole", Resource: "*"}}]
  roles:
    - arn: "arn:aws:iam::123456789012:role/deploy"
      policies: [AWSAppRunnerReadOnlyAccess]
"""


@pytest.mark.slow
def test_the_cli_assumes_a_role_and_calls_with_its_session(tmp_path: Path) -> None:
    with serving(tmp_path, CONFIGURATION) as stage:
        ci = {"AWS_ACCESS_KEY_ID": "AKIACI", "AWS_SECRET_ACCESS_KEY": "ci-secret"}

        def aws(caller: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
            command = [str(aws_cli_2()), *words, "--endpoint-url", stage.api_url, "--output", "json"]
            given = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"} | caller
            return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=60)

        def session() -> dict[str, str]:
            made = aws(ci, "sts", "assume-role", "--role-arn", ROLE, "--role-session-name", "ci")
            answer = json.loads(made.stdout)["Credentials"]
            return {
                "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
                "AWS_SESSION_TOKEN": answer["SessionToken"],
            }

        denied = aws(ci, "apprunner", "list-services")
        assert "is not authorized to perform: apprunner:ListServices" in denied.stderr
        reader = session()
        assert json.loads(aws(reader, "apprunner", "list-services").stdout)["ServiceSummaryList"] == []
        caller = json.loads(aws(reader, "sts", "get-caller-identity").stdout)
        assert caller["Arn"] == "arn:aws:sts::123456789012:assumed-role/deploy/ci"

        connection = ("apprunner", "create-connection", "--connection-name", "code", "--provider-type", "GITHUB")
        assert "AccessDeniedException" in aws(reader, *connection).stderr
        changed = CONFIGURATION.replace("AWSAppRunnerReadOnlyAccess", "AWSAppRunnerFullAccess")
        (tmp_path / "serve.yaml").write_text(changed, encoding="utf-8")
        until(lambda: "1 keys, 1 roles" in (tmp_path / "serve.log").read_text())
        assert aws(session(), *connection).returncode == 0
