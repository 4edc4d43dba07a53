"""What clients of CloudFormation keep elsewhere: templates and files in S3, parameters in SSM."""
