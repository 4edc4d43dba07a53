"""Policies of Kubernetes and what runs on it: HPA, KEDA, Knative, predictive HPA, Azure Container Apps."""
