"""Policies of Kubernetes and of platforms that run on it: HPA, KEDA, Knative, predictive HPA, Azure Container Apps."""

PUBLIC_MODULES = (
    "container_apps",
    "container_apps_start",
    "container_probes",
    "hpa",
    "hpa_behaviour",
    "hpa_replicas",
    "knative",
    "knative_decider",
)
