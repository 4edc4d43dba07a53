"""Registries that stand in for ECR and ECR Public: which one, how it is asked, and pulls through the engine."""
