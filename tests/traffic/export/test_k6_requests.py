"""The requests of a k6 script: as text, and, where node is installed, as what the functions send."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.k6 import k6_plan
from simulator.ingest.load.plan import LoadRequest
from simulator.traffic.export.k6_requests import ROWS_MAX
from tests.traffic.export.test_k6 import exported

LOGIN = {
    "path": "/login",
    "method": "POST",
    "body": '{"user": "${user}"}',
    "think_time": "200ms",
    "extract": {
        "token": {"json": "session.tokens.0"},
        "cart": {"header": "x-cart-id"},
        "csrf": {"after": "value='", "before": "'"},
    },
}
CART = {"path": "/cart/${cart}", "headers": {"Authorization": "Bearer ${token}"}, "think_time": "100ms"}
BUY = {"path": "/buy", "method": "POST", "body": "csrf=${csrf}&user=${user}"}


def shop(folder: Path, **more: Any) -> str:
    (folder / "users.csv").write_text('user,mail\nann,"a,b"\nbob,x\n')
    closed = {"users": 2, "think_time": "1s", "begin": "request"}
    source = {"name": "shop", "closed": closed, "data": "users.csv", "session": [LOGIN, CART, BUY], **more}
    _, script = exported(folder, [source])
    assert script.notes == ()
    return script.text


# A small k6: `http` answers by a table and notes what was sent, `sleep` notes the pause.
FAKE = """
const log = [];
const answers = JSON.parse(process.argv[2]);
const http = { CookieJar: class {}, request: (method, url, body, params) => {
  log.push([method, url, body === undefined ? null : body, (params || {}).headers || {}]);
  const given = answers[Math.min(log.filter((each) => each.length > 1).length, answers.length) - 1];
  return { status: given.status, headers: given.headers || {}, body: given.body || '',
           json: () => JSON.parse(given.body) };
} };
const sleep = (seconds) => log.push([seconds]);
const exec = { scenario: { iterationInTest: 0 } };
class SharedArray { constructor(name, make) { return make(); } }
const __ENV = { BASE_URL: 'http://h' };
"""


def sent(text: str, folder: Path, function: str, answers: list[dict[str, Any]], times: int = 1) -> list[list[Any]]:
    """Return what a function of a script sends, and its pauses, by running it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = re.sub(r"^import .*$", "", text, flags=re.MULTILINE).replace("export ", "")
    calls = "".join(f"{function}(); exec.scenario.iterationInTest++;\n" for _ in range(times))
    (folder / "run.js").write_text(f"{FAKE}\n{script}\n{calls}\nconsole.log(JSON.stringify(log));\n")
    done = subprocess.run(
        [node, "run.js", json.dumps(answers)], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    found: list[list[Any]] = json.loads(done.stdout)
    return found


FIRST = {
    "status": 200,
    "headers": {"X-Cart-Id": "17"},
    "body": '{"session": {"tokens": ["tok"]}, "form": "value=\'c9\'"}',
}


def test_a_session_sends_the_values_of_its_row_and_of_its_answers(tmp_path: Path) -> None:
    log = sent(shop(tmp_path), tmp_path, "send_shop", [FIRST, {"status": 200}, {"status": 200}])

    assert log == [
        ["POST", "http://h/login", '{"user": "ann"}', {}],
        [0.2],
        ["GET", "http://h/cart/17", None, {"Authorization": "Bearer tok"}],
        [0.1],
        ["POST", "http://h/buy", "csrf=c9&user=ann", {}],
        [1],
    ]


def test_each_session_has_the_next_row(tmp_path: Path) -> None:
    log = sent(shop(tmp_path), tmp_path, "send_shop", [{"status": 503}], times=3)

    assert [each[2] for each in log if len(each) > 1] == ['{"user": "ann"}', '{"user": "bob"}', '{"user": "ann"}']


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({**FIRST, "status": 429}, id="429"),
        pytest.param({**FIRST, "status": 0}, id="no answer"),
        pytest.param({**FIRST, "headers": {}}, id="no header"),
        pytest.param({**FIRST, "body": '{"session": {"tokens": []}, "form": "value=\'c9\'"}'}, id="no element"),
        pytest.param({**FIRST, "body": "value='c9'"}, id="no JSON"),
        pytest.param({**FIRST, "body": '{"session": {"tokens": ["tok"]}}'}, id="no text"),
    ],
)
def test_a_session_ends_early_with_the_pause_between_sessions(tmp_path: Path, answer: dict[str, Any]) -> None:
    log = sent(shop(tmp_path), tmp_path, "send_shop", [answer])

    assert [each[0] for each in log] == ["POST", 1]


def test_a_value_may_be_the_rest_of_a_line(tmp_path: Path) -> None:
    steps = [{"path": "/a", "extract": {"id": {"after": "id: "}}}, {"path": "/b/${id}"}]
    _, script = exported(tmp_path, [{"name": "load", "clock": {"rate": "1/s"}, "session": steps}])

    log = sent(script.text, tmp_path, "send_load", [{"status": 200, "body": "id: 4 2\r\nnext"}, {"status": 200}])

    assert [each[1] for each in log] == ["http://h/a", "http://h/b/4 2"]


@pytest.mark.parametrize(
    ("statuses", "requests", "pauses"),
    [([200], 1, []), ([429, 200], 2, [0.5]), ([429, 0, 503], 3, [0.5, 1]), ([503], 1, []), ([429], 3, [0.5, 1])],
)
def test_clients_retry_as_in_the_scenario(
    tmp_path: Path, statuses: list[int], requests: int, pauses: list[float]
) -> None:
    retry = {"attempts": 3, "wait": "500ms", "factor": 2, "on": [429, "no_answer"]}
    _, script = exported(tmp_path, [{"name": "load", "clock": {"rate": "1/s"}, "retry": retry}])

    log = sent(script.text, tmp_path, "send_load", [{"status": status} for status in statuses])

    assert sum(len(each) > 1 for each in log) == requests
    assert [each[0] for each in log if len(each) == 1] == pauses


def test_the_import_reads_the_steps_and_their_pauses_back(tmp_path: Path) -> None:
    (tmp_path / "script.js").write_text(shop(tmp_path))

    (source,) = k6_plan(InputFile(tmp_path / "script.js")).sources

    assert source.requests == (
        LoadRequest("POST", "/login", "0.2s"),
        LoadRequest("GET", "/cart/", "0.1s"),
        LoadRequest("POST", "/buy"),
    )
    assert "think_time: 1s" in source.shape


def test_a_session_without_cookies_has_a_jar_for_each_request(tmp_path: Path) -> None:
    assert shop(tmp_path, cookies=False).count("jar: new http.CookieJar()") == 3
    assert "jar:" not in shop(tmp_path)


def test_only_the_first_rows_of_a_large_file_are_in_the_script(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user\n" + "".join(f"u{number}\n" for number in range(ROWS_MAX + 1)))
    source = {"name": "load", "clock": {"rate": "1/s"}, "data": "users.csv", "session": [{"path": "/${user}"}]}
    _, script = exported(tmp_path, [source])

    assert script.notes == (f"load: only the first {ROWS_MAX:,} rows of users.csv are in the script",)
    assert f'"u{ROWS_MAX - 1}"' in script.text
    assert f'"u{ROWS_MAX}"' not in script.text
