"""Data that CloudFormation's clients keep in other services: templates and files in S3, parameters in SSM."""
