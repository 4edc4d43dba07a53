"""Registries used in place of ECR and ECR Public: their configuration, a client, and pulls through the engine."""
