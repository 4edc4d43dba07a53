"""Published measurements of platforms, each played as a scenario."""

PUBLIC_MODULES = ("ecs", "kubernetes_hpa")
