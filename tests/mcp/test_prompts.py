"""Prompts: their arguments and texts."""

from __future__ import annotations

import pytest

from simulator.mcp.prompts import PROMPTS, WrongPrompt, prompt_text


def test_the_arguments_are_in_the_text() -> None:
    text = prompt_text("size_service", {"scenario": "{slo}.yaml", "slo": "p95 < 1 s"})
    assert "the scenario {slo}.yaml that meets the SLO p95 < 1 s." in text, "a value is no place for another"
    assert "the scenario flash-sale" in prompt_text("choose_platform", {"scenario": "flash-sale"})


@pytest.mark.parametrize("name", PROMPTS)
def test_no_brace_is_left(name: str) -> None:
    given = {argument.name: "x" for argument in PROMPTS[name].arguments}
    assert "{" not in prompt_text(name, given)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("size_servic", {}, r"prompt = 'size_servic', must be one of .*; did you mean `size_service`\?"),
        (
            "size_service",
            {"scenario": "a", "slo": "b", "sla": "c"},
            r"argument = 'sla', must be .*did you mean `slo`\?",
        ),
        ("size_service", {"scenario": "a"}, "slo = left out, must be given: The SLO"),
    ],
)
def test_a_wrong_prompt_is_an_error(name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(WrongPrompt, match=message):
        prompt_text(name, given)
