"""The settings of a service of App Runner, from the answers of the AWS CLI and from Terraform."""
