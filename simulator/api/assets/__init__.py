"""The calls of S3 and SSM that clients of CloudFormation make before a stack: an object store and one parameter."""
