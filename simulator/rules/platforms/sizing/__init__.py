"""Sizes of instances that platforms offer."""

PUBLIC_MODULES = ("sizes",)
