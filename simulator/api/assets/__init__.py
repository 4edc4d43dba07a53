"""The calls of S3 and SSM that CloudFormation's clients make before they create a stack: objects and one parameter."""
