"""Builds with this machine's own toolchains, in a sandbox, with layers of dependencies kept."""

PUBLIC_MODULES = ("machine_builds",)
