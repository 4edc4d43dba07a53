"""Control characters of untrusted text never reach the terminal, in any verb."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli import app
from simulator.cli.printing import Status, echo, guarded, plain_width
from simulator.cli.terminal import Terminal
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store
from simulator.model.text.visible import GuardedStream

pytestmark = pytest.mark.case("R10")
RUN = CliRunner()

EVIL = "\x1b]0;title\x07\x1b[31mred\x1b[2J\r\x9b\u202e"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
SCENARIO = f"""
version: 1
name: {json.dumps(EVIL)}
description: {json.dumps(EVIL)}
duration: 10s
services: {{web: {{application: {{simulated: {{io: 10ms}}}}}}}}
traffic: [{{clock: {{rate: 1/s}}, name: web}}]
checks: ["p99 < 1ms"]
"""


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_stream_is_guarded_and_restored() -> None:
    before = sys.stdout
    with guarded(), guarded():
        assert isinstance(sys.stdout, GuardedStream)
        assert not isinstance(sys.stdout.behind, GuardedStream)
    assert sys.stdout is before


def test_a_pipe_gets_no_control_characters_and_a_terminal_colours_only() -> None:
    pipe, terminal = io.StringIO(), Tty()
    for stream in (pipe, terminal):
        GuardedStream(stream).writelines(["\x1b[31mred\x1b[0m", "\x1b[2J\n"])
    assert pipe.getvalue() == "\\u001b[31mred\\u001b[0m\\u001b[2J\n"
    assert terminal.getvalue() == "\x1b[31mred\x1b[0m\\u001b[2J\n"


def test_text_from_outside_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Tty()
    monkeypatch.setattr(sys, "stdout", terminal)
    with guarded():
        echo(EVIL)
    assert CONTROL.search(terminal.getvalue()) is None


def test_a_table_on_a_terminal_has_our_styles_and_no_text_has_any() -> None:
    file = Tty()
    console = Terminal(file=GuardedStream(file), force_terminal=True, width=200, color_system="standard")
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(Text(EVIL, style="bold"))
    console.print(table)
    console.print(f"[bold]{EVIL}[/x] :smile:")
    with Live(console=console, auto_refresh=False) as live:
        live.update(Text(EVIL), refresh=True)
    written = file.getvalue()
    assert "\x1b[1m" in written
    assert "[bold]" in written  # not interpreted as markup
    assert ":smile:" in written
    assert "\x1b[?25l" in written  # the cursor sequence is that of rich's Live
    assert re.findall(r"\x1b\]0|\x1b\[31m|\x9b|\u202e", written) == []


def test_a_run_prints_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "evil.yaml").write_text(SCENARIO)
    for options in ([], ["--json", "-"], ["--quiet"]):
        done = RUN.invoke(app, ["run", str(tmp_path / "evil.yaml"), *options])
        assert done.exit_code == 1
        assert CONTROL.search(done.output) is None
    done = RUN.invoke(app, ["run", str(tmp_path / "evil.yaml"), "--json", "-"])
    assert json.loads(done.stdout)["scenario"]["name"] == EVIL


@pytest.mark.parametrize(
    "change",
    [
        {"services": {EVIL: {}}},
        {"traffic": [{EVIL: 1}]},
        {EVIL: EVIL},
        {"duration": EVIL},
        {"version": EVIL},
        {"checks": [EVIL]},
    ],
)
def test_an_error_of_a_scenario_prints_no_control_characters(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / "evil.yaml").write_text(json.dumps({"version": 1, "duration": "10s", **change}))
    done = RUN.invoke(app, ["run", str(tmp_path / "evil.yaml")])
    assert done.exit_code == 2
    assert CONTROL.search(done.output) is None


@pytest.mark.parametrize(
    "verb",
    [["logs", "web", "--instance", "1"], ["events", "--json"], ["audit", "--json"], ["logs", EVIL], ["run", EVIL]],
)
def test_text_from_a_state_prints_no_control_characters(tmp_path: Path, verb: list[str]) -> None:
    arn = "arn:aws:apprunner:us-east-1:123456789012:service/web/" + 32 * "0"
    store = Store(tmp_path / STORE_NAME)
    document = json.dumps({"detail": EVIL, "eventName": EVIL, "errorMessage": EVIL}, ensure_ascii=False)
    store.write(
        entries=[
            LogEntry(EntryKind.LOG, 1.0, "s", arn, "instance/1", EVIL),
            LogEntry(EntryKind.EVENT, 1.0, "s", arn, EVIL, document),
            LogEntry(EntryKind.AUDIT, 1.0, "s", arn, EVIL, document),
        ]
    )
    store.close()
    done = RUN.invoke(app, [*verb, *([] if verb[0] == "run" else ["--state", str(tmp_path)])])
    assert done.output
    assert CONTROL.search(done.output) is None


def test_verbs_make_no_console_of_their_own() -> None:
    folder = Path(__file__).parents[2] / "simulator"
    for file in folder.rglob("*.py"):
        if file.name != "terminal.py":
            assert re.search(r"(?<![\w.])(rich\.console\.)?Console\(", file.read_text()) is None, file


@pytest.mark.case("R13")
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "7"])
@pytest.mark.parametrize(("verb", "kind"), [("events", EntryKind.EVENT), ("audit", EntryKind.AUDIT)])
def test_a_damaged_entry_is_reported_in_one_line(tmp_path: Path, verb: str, kind: EntryKind, text: str) -> None:
    store = Store(tmp_path / STORE_NAME)
    store.write(entries=[LogEntry(kind, 1.0, "s", "", "CreateService", text)])
    store.close()
    done = RUN.invoke(app, [verb, "--state", str(tmp_path)])
    assert (done.exit_code, len(done.output.splitlines())) == (2, 1)
    assert f"entry 1, a {kind}, is damaged" in done.output


def test_a_status_line_goes_to_standard_error_whole(capsys: pytest.CaptureFixture[str]) -> None:
    status, line = Status(), "a line that is longer than the terminal, " * 9
    status.tell(line)
    assert capsys.readouterr() == ("", f"{line.rstrip()}\n")
    assert status.terminal is status.terminal


class Pipe(io.StringIO):
    encoding = "utf-8"


@pytest.fixture
def uncoloured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "JUPYTER_COLUMNS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_pipe_has_the_width_that_rich_gives_it(uncoloured: pytest.MonkeyPatch) -> None:
    assert plain_width(Pipe()) == Terminal(file=Pipe()).width
    uncoloured.setenv("COLUMNS", "117")
    assert plain_width(Pipe()) == Terminal(file=Pipe()).width == 117
    uncoloured.setenv("COLUMNS", "wide")
    assert plain_width(Pipe()) == Terminal(file=Pipe()).width


def test_what_may_get_colours_or_cannot_show_lines_is_left_to_rich(uncoloured: pytest.MonkeyPatch) -> None:
    ascii_pipe, terminal = Pipe(), Pipe()
    uncoloured.setattr(ascii_pipe, "encoding", "ascii", raising=False)
    uncoloured.setattr(terminal, "isatty", lambda: True)
    assert plain_width(ascii_pipe) is None
    assert plain_width(terminal) is None
    uncoloured.setenv("FORCE_COLOR", "1")
    assert plain_width(Pipe()) is None
