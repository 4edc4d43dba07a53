"""Confidential data that instances get: secrets as environment variables, and temporary credentials of a role."""
