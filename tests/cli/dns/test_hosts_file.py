from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cli.dns.hosts_file import BEGIN, END, MalformedBlock, with_block, write_hosts

OTHERS = "127.0.0.1 localhost\n# mine\n::1 ip6-localhost"
LINES = ["127.0.0.1 a.awsapprunner.localhost  # a"]


def test_a_block_is_added_replaced_and_removed() -> None:
    once = with_block(OTHERS, LINES)
    assert once == f"{OTHERS}\n{BEGIN}\n{LINES[0]}\n{END}\n"
    more = f"{once}127.0.0.1 later\n"
    assert with_block(more, ["x", "y"]) == f"{OTHERS}\n{BEGIN}\nx\ny\n{END}\n127.0.0.1 later\n"
    assert with_block(more, []) == f"{OTHERS}\n127.0.0.1 later\n"
    assert with_block(OTHERS, []) == OTHERS
    assert with_block("", LINES) == f"{BEGIN}\n{LINES[0]}\n{END}\n"


@pytest.mark.parametrize("text", [f"{BEGIN}\n", f"{END}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_markers_that_do_not_match_are_left_alone(text: str) -> None:
    with pytest.raises(MalformedBlock, match=r"must have one line .* it has such in lines [1-4, ]+$"):
        with_block(f"{text}127.0.0.1 mine\n", LINES)


lines_of_others = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20), max_size=8)


@given(lines_of_others, lines_of_others, st.lists(st.sampled_from(["a", "b"]), max_size=3))
def test_no_line_of_others_is_lost(before: list[str], after: list[str], block: list[str]) -> None:
    above, below = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    text = with_block(with_block(above, ["first"]) + below, block)
    assert with_block(text, []) == above + below


def test_the_file_keeps_its_mode_and_the_link_to_it(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "hosts"
    real.write_bytes(b"127.0.0.1 caf\xe9\n")
    real.chmod(0o644)
    link.symlink_to(real)
    assert write_hosts(link, lambda text: with_block(text, LINES))
    assert real.read_bytes() == f"127.0.0.1 caf\udce9\n{BEGIN}\n{LINES[0]}\n{END}\n".encode("utf-8", "surrogateescape")
    assert (link.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == (True, 0o644)
    assert not write_hosts(link, lambda text: with_block(text, LINES))
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_what_another_program_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(OTHERS, encoding="utf-8")

    def change(text: str) -> str:
        path.write_text("of another program\n", encoding="utf-8")
        return with_block(text, LINES)

    with pytest.raises(OSError, match="another program has just written it"):
        write_hosts(path, change)
    assert path.read_text(encoding="utf-8") == "of another program\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_missing_is_created(tmp_path: Path) -> None:
    assert write_hosts(tmp_path / "hosts", lambda text: with_block(text, LINES))
    assert (tmp_path / "hosts").read_text(encoding="utf-8") == with_block("", LINES)
    with pytest.raises(OSError, match="Is a directory"):
        write_hosts(tmp_path, lambda text: text)
