"""Instructions as Markdown."""

from __future__ import annotations

from simulator.lab.apply.instructions import ApplyInstructions, ApplyText, ApplyTool, comment


def test_markdown_has_each_text_in_a_fence_of_its_language_and_the_notes() -> None:
    text = ApplyText(ApplyTool.TERRAFORM, "shop.tf", "a = 1\nb = 2\n")
    lines = ApplyInstructions("shop", "app-runner", ("MinSize 1 to 2",), (text,), ("Careful.",)).markdown()
    assert "\n".join(lines) == "shop: MinSize 1 to 2.\n\nTerraform:\n\n```hcl\na = 1\nb = 2\n```\n\n- Careful."


def test_without_changes_there_is_nothing_to_apply() -> None:
    assert list(ApplyInstructions("shop", "app-runner").markdown()) == ["shop: nothing to change."]


def test_a_comment_is_wrapped_and_keeps_long_words() -> None:
    lines = comment(f"{'word ' * 30}create-auto-scaling-configuration").splitlines()
    assert all(line.startswith("# ") and len(line) <= 80 for line in lines)
    assert lines[-1].endswith("create-auto-scaling-configuration")
