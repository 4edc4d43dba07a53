"""Verbs about a model of the user's own service: from an observation to predictions and their verification."""
