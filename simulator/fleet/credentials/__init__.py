"""What instances are given in confidence: secrets as environment variables, temporary credentials of a role."""
