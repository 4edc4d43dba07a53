"""Measurements of platforms that others have published, each played as a scenario."""

PUBLIC_MODULES = ("kubernetes_hpa",)
