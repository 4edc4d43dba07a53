"""Published measurements of platforms, each played as a scenario."""

PUBLIC_MODULES = ("kubernetes_hpa",)
