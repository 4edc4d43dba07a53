"""Published measurements of platforms, each played as a scenario."""

PUBLIC_MODULES = ("bills", "container_apps", "ecs", "knative", "kubernetes_hpa")
