"""Access keys and roles follow their files while the API serves."""

from __future__ import annotations

import os
from pathlib import Path

from simulator.api.authentication import Authentication
from simulator.cli.access.keys_reload import KeysReload
from simulator.cli.platform.serve_config import load_config

KEY = "{access_key_id: %s, secret_access_key: s, policies: [own.json]}"
POLICY = '{"Statement": {"Effect": "Allow", "Action": "apprunner:%s", "Resource": "*"}}'
ROLE = "{arn: 'arn:aws:iam::123456789012:role/%s'}"


class Stage:
    def __init__(self, folder: Path, *, must_have_keys: bool = False) -> None:
        self.file, self.policy = folder / "serve.yaml", folder / "own.json"
        self.lines: list[str] = []
        self._saved = 0
        self.save(self.policy, POLICY % "List*")
        self.save(self.file, f"api: {{keys: [{KEY % 'ALICE'}], roles: [{ROLE % 'deploy'}]}}")
        self.authentication: Authentication = load_config(self.file).settings(None).authentication
        report = self.lines.append
        self.reload = KeysReload(
            self.file, lambda: load_config(self.file).api, self.authentication, report, must_have_keys=must_have_keys
        )

    def save(self, file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        self._saved += 1
        os.utime(file, (self._saved, self._saved))  # two saves within the resolution of the file system

    @property
    def ids(self) -> list[str]:
        return [key.access_key_id for key in self.authentication.keys]


def test_keys_and_roles_of_a_changed_file_are_accepted(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.reload.follow_files()
    assert (stage.ids, stage.lines) == (["ALICE"], [])
    stage.save(stage.file, f"api: {{keys: [{KEY % 'BOB'}, {KEY % 'CAROL'}], roles: [{ROLE % 'a'}, {ROLE % 'b'}]}}")
    stage.reload.follow_files()
    assert stage.ids == ["BOB", "CAROL"]
    assert stage.lines == [f"access keys: the changed {stage.file} is used now: 2 keys, 2 roles"]
    stage.reload.follow_files()
    assert len(stage.lines) == 1


def test_a_changed_policy_file_acts(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    def actions() -> str:
        key = stage.authentication.keys.get("ALICE")
        assert key is not None
        assert key.identity is not None
        assert key.identity.policies is not None
        return repr(key.identity.policies[0])

    assert "List" in actions()
    stage.save(stage.policy, POLICY % "Describe*")
    stage.reload.follow_files()
    assert "Describe" in actions()


def test_a_wrong_file_is_not_used_and_the_reason_is_reported_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.save(stage.file, "api: {keys: [{access_key_id: BOB}]}")
    for _ in range(2):
        stage.reload.follow_files()
    assert stage.ids == ["ALICE"]
    (line,) = stage.lines
    assert line.startswith(f"access keys: the changed {stage.file} is not used, the previous keys stay: ")
    assert "secret_access_key" in line
    stage.file.unlink()
    stage.reload.follow_files()
    assert stage.ids == ["ALICE"]


def test_an_api_that_other_machines_reach_keeps_a_key(tmp_path: Path) -> None:
    stage = Stage(tmp_path, must_have_keys=True)
    stage.save(stage.file, "api: {keys: []}")
    stage.reload.follow_files()
    assert stage.ids == ["ALICE"]
    assert "must be given, since other machines reach the API" in stage.lines[0]
