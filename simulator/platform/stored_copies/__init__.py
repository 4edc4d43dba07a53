"""Stored copies of images and builds, encrypted with a data key of the service's KMS key."""
