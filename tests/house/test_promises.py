"""Promises of documentation and error texts are kept: commands that install, durations, names that resolve."""

from __future__ import annotations

import ast
import asyncio
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FACTS = ROOT / "docs" / "facts"
SOURCES = sorted((ROOT / "simulator").rglob("*.py"))
AWS_CLIENTS = ROOT / "docs" / "how-to" / "aws-clients.md"

# The speed of the project itself: a figure that depends on the machine and that no test of a page can check.
SPEED = re.compile(
    r"\b(?:in|takes?|about|under|within|less than|some)\s+(?:about\s+)?"
    r"(?:an?|one|two|three|ten|few|some|half\s+an?|\d+(?:\.\d+)?)\s+(?:tenth\s+of\s+an?\s+|few\s+)?"
    r"(?:millisecond|second|minute)s?\b",
    re.IGNORECASE,
)
# Durations of the platform and of settings, which other tests check.
OF_THE_PLATFORM = (
    "virtual seconds in a second",  # a unit, of --speed
    "within ten seconds of being healthy",  # restarts: tests/fleet
    "may take 120 seconds",
)


_WORD = r"[^\s'`;&|)\"]+"
_INSTALL = re.compile(
    rf"pip install\s+(?:(?:-c|--python)\s+\S+\s+|--?[a-z-]+\s+)*('[^']+'|{_WORD}(?:[ \t]+[a-z][\w-]*)*)"
)


def installs(text: str) -> Iterator[str]:
    """Yield everything that a `pip install` in the text installs."""
    for match in _INSTALL.finditer(text):
        yield from [match[1]] if match[1].startswith("'") else match[1].split()


def known() -> set[str]:
    """Return the distributions in the project's own metadata: a page installs only these, which CI has installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[<>=;~! ]", each, maxsplit=1)[0].lower() for group in groups for each in group}
    return names | {name.partition("[")[0] for name in names}


@pytest.mark.case("P31")
@pytest.mark.parametrize("files", [PAGES, SOURCES], ids=["pages", "messages"])
def test_every_install_command_in_a_text_can_be_run(files: list[Path]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for target in (target for file in files for target in installs(file.read_text(encoding="utf-8"))):
        name = target.strip("'")
        if "{" in name:
            continue  # a package or an extra whose name is inserted when the message is made
        if name == "." or name.startswith(".["):
            assert set(filter(None, name[2:].rstrip("]").split(","))) <= set(extras), target
        else:
            # The project itself is on no index yet, so it is installed from a clone.
            assert not name.startswith("apprunner-simulator"), target
            assert name.lower() in known(), target


@pytest.mark.case("P31")
def test_the_check_of_install_commands_finds_bad_ones() -> None:
    assert list(installs("run pip install 'apprunner-simulator[lab]'")) == ["'apprunner-simulator[lab]'"]
    assert list(installs("`pip install '.[lab]'`; x")) == ["'.[lab]'"]
    assert list(installs("pip install --quiet . && x")) == ["."]
    assert list(installs("uv pip install --system-certs -q --python .venv -c constraints.txt --editable '.[dev]'")) == [
        "'.[dev]'"
    ]
    assert list(installs("pip install flask gunicorn && x")) == ["flask", "gunicorn"]


@pytest.mark.case("P32")
@pytest.mark.parametrize(
    "file",
    [file for file in PAGES if FACTS not in file.parents],  # the sheets' statements about speed are about other systems
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_page_says_how_fast_the_simulator_is(file: Path) -> None:
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [match for match in SPEED.finditer(text) if not _is_of_the_platform(text, match)]
    assert [match[0] for match in found] == []


@pytest.mark.case("P32")
def test_no_message_says_how_fast_the_simulator_is() -> None:
    found = [
        (file.name, text, match[0])
        for file in SOURCES
        for text in _messages(file.read_text(encoding="utf-8"))
        for match in SPEED.finditer(text)
        if not _is_of_the_platform(text, match)
    ]
    assert found == []


def _messages(source: str) -> Iterator[str]:
    """Yield the texts in a module that are not docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.case("P32")
def test_the_check_sees_claims_of_time() -> None:
    for claim in ("takes about a second", "in about half a minute", "under two minutes", "within a tenth of a second"):
        assert SPEED.search(f"It {claim}.")
    assert not SPEED.search("A request may take 120 s; every second one waits.")


def _is_of_the_platform(text: str, match: re.Match[str]) -> bool:
    around = " ".join(text[max(0, match.start() - 60) : match.end() + 60].split())
    return any(phrase in around for phrase in OF_THE_PLATFORM)


# --- who resolves *.awsapprunner.localhost ----------------------------------------------------------------------------


async def _greeted(command: list[str]) -> str:
    """Return the output of a client that requests a page at PORT, which stands for the port of a test server."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            *(word.replace("PORT", port) for word in command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
    return told.decode()


NAME = "psbqam834h.us-east-1.awsapprunner.localhost"


@pytest.mark.case("P30")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("options", [(), ("--resolve", f"{NAME}:PORT:127.0.0.1")])
def test_curl_reaches_a_local_name_by_itself_and_with_the_pages_option(options: tuple[str, ...]) -> None:
    page = AWS_CLIENTS.read_text(encoding="utf-8")
    assert all(option.replace("PORT", "8543") in page for option in options)
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", *options, f"http://{NAME}:PORT/"]
    assert asyncio.run(_greeted(command)) == "hello"


@pytest.mark.case("P30")
def test_python_reaches_a_local_name_with_the_setting_of_the_page() -> None:
    page = AWS_CLIENTS.read_text(encoding="utf-8")
    (snippet,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "getaddrinfo" in block)
    fetch = f"import http.client\nc = http.client.HTTPConnection('{NAME}', PORT)\nc.request('GET', '/')\n"
    script = f"{snippet}\n{fetch}print(c.getresponse().read().decode(), end='')\n"
    assert asyncio.run(_greeted([sys.executable, "-c", script])) == "hello"


@pytest.mark.case("P30")
def test_the_page_names_the_clients_that_resolve_the_name_and_no_others() -> None:
    page = AWS_CLIENTS.read_text(encoding="utf-8")
    assert "everywhere" not in page
    for word in ("Browsers and curl", "systemd-resolved", "`/etc/hosts`", "--resolve", f"127.0.0.1 {NAME}"):
        assert word in page
    hosts = subprocess.run(["getent", "hosts", NAME], capture_output=True, text=True, check=False).stdout
    assert hosts == "" or hosts.split()[0] in {"127.0.0.1", "::1"}


# --- what is not known is marked as such ------------------------------------------------------------------------------


def _assumptions() -> list[str]:
    """Return each `ASSUMPTION:` of the code with the comment lines that continue it."""
    texts = (file.read_text(encoding="utf-8") for file in SOURCES)
    found = (match for text in texts for match in re.findall(r"# ASSUMPTION:((?:.*\n\s*#(?! ASSUMPTION))*.*)", text))
    return [" ".join(re.sub(r"\n\s*#", " ", each).split()) for each in found]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("roadmap#95", marks=pytest.mark.case("P25")),
        pytest.param("roadmap#29", marks=pytest.mark.case("P29")),
    ],
)
def test_an_open_question_names_its_source_and_what_would_settle_it(source: str) -> None:
    (told,) = (each for each in _assumptions() if source in each)
    assert told.endswith("would settle it.")


@pytest.mark.case("P39")
def test_the_page_of_clients_names_the_limits_of_the_github_action() -> None:
    page = " ".join(AWS_CLIENTS.read_text(encoding="utf-8").split())
    assert "The GitHub Action sends a role with every image, so an image of ECR Public is rejected" in page
