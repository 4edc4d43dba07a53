"""Published measurements of platforms, each played as a scenario."""

PUBLIC_MODULES = ("bills", "ecs", "knative", "kubernetes_hpa")
