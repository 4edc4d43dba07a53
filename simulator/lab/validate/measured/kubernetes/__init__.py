"""The Kubernetes HPA as measured in 2020."""

PUBLIC_MODULES = (
    "hpa",
    "hpa_bursts",
)
