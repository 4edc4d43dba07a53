"""Published measurements of platforms, each played as a scenario."""

PUBLIC_MODULES = (
    "bills",
    "cloud_run",
    "container_apps",
    "container_apps_bursts",
    "container_apps_deployments",
    "container_apps_probes",
    "ecs",
    "ecs_deployments",
    "ecs_fargate",
    "fargate",
    "knative",
    "kubernetes.hpa",
    "kubernetes.hpa_bursts",
    "lambda_init",
    "lambda_keep_alive",
    "played",
    "scalability",
)
