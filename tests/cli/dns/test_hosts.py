from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.dns.hosts_file import BEGIN, END
from simulator.platform.service_workload import local_host
from tests.cli.dns.state_of import make_state

RUN = CliRunner()


def test_the_lines_of_all_services(tmp_path: Path) -> None:
    shop, inside = make_state(tmp_path / "state")
    expected = [
        f"127.0.0.1 {local_host(shop)} {shop} acme.dev www.acme.dev  # shop",
        "# *.acme.dev of shop: a hosts file has no wildcards",
        f"127.0.0.1 {local_host(inside)} {inside}  # inside",
    ]
    answer = RUN.invoke(app, ["hosts", "--state", str(tmp_path / "state")])
    assert (answer.exit_code, answer.output.splitlines()) == (0, expected)

    file = tmp_path / "etc-hosts"
    file.write_text("127.0.0.1 localhost\n", encoding="utf-8")
    words = ["hosts", "--state", str(tmp_path / "state"), "--write", str(file)]
    assert RUN.invoke(app, words).output == f"{file}: 3 lines written\n"
    assert file.read_text(encoding="utf-8").splitlines() == ["127.0.0.1 localhost", BEGIN, *expected, END]
    assert RUN.invoke(app, words).output == f"{file}: nothing has changed\n"
    assert RUN.invoke(app, [*words, "--remove"]).exit_code == 0
    assert file.read_text(encoding="utf-8") == "127.0.0.1 localhost\n"


def test_errors_name_the_file(tmp_path: Path) -> None:
    state = tmp_path / "state"
    answer = RUN.invoke(app, ["hosts", "--state", str(state)])
    assert answer.exit_code == 2
    assert "there is no state in it" in answer.output
    make_state(state)
    file = tmp_path / "hosts"
    file.write_text(f"{BEGIN}\n127.0.0.1 mine\n", encoding="utf-8")
    answer = RUN.invoke(app, ["hosts", "--state", str(state), "--write", str(file)])
    assert answer.exit_code == 2
    assert "must have one line" in answer.output
    assert file.read_text(encoding="utf-8") == f"{BEGIN}\n127.0.0.1 mine\n"
    assert RUN.invoke(app, ["hosts", "--state", str(state), "--remove"]).exit_code == 2
    assert RUN.invoke(app, ["hosts", "--state", str(state), "--write", str(tmp_path / "no" / "hosts")]).exit_code == 2
