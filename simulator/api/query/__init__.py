"""AWS's query protocol: CloudFormation, and one call of STS, on the endpoint of App Runner's API."""
