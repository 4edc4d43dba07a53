"""Builds with this machine's own toolchains, in a sandbox, with cached dependency layers."""

PUBLIC_MODULES = ("machine_builds",)
