"""The groups of options of `simulator up`."""

from __future__ import annotations

from dataclasses import fields

from simulator.cli.project.up_options import ProjectBuildOptions, UpOptions, UpPorts


def test_no_two_groups_have_an_option_of_the_same_name() -> None:
    names = [each.name for group in (UpOptions, UpPorts, ProjectBuildOptions) for each in fields(group)]
    assert len(names) == len(set(names)) == 15


def test_the_container_engine_also_applies_to_a_dockerfile() -> None:
    """Build options that need an apprunner.yaml are rejected without one."""
    given = ProjectBuildOptions(["GO_1=/opt/go"], ["image"], ["slim"], None, "unix:///engine", near_versions=True)
    assert given.of_file == {
        "--toolchain": ["GO_1=/opt/go"],
        "--build-image": ["image"],
        "--run-image": ["slim"],
        "--runtime-images": None,
        "--near-versions": True,
        "--offline": False,
    }
    assert not any(ProjectBuildOptions().of_file.values())
