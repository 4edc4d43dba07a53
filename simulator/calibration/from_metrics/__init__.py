"""Calibrates from CloudWatch's metrics of minutes alone: a set of models that agree with them."""
