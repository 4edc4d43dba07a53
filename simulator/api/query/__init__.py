"""AWS's query protocol: CloudFormation, and one operation of STS, at the endpoint of App Runner's API."""
