"""Policies of Kubernetes and what runs on it: HPA, KEDA, Knative, predictive HPA, Azure Container Apps."""

PUBLIC_MODULES = (
    "hpa_behaviour",
    "hpa_replicas",
    "knative",
    "knative_decider",
)
