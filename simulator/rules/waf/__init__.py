"""AWS WAF: evaluates the rules of a web ACL for a web request and returns a verdict; reads web ACLs as AWS prints them.

`web_acl` evaluates rules in the order of their priorities; `statements` match requests by their parts (`components`,
`text_transformations`), addresses, patterns and rates. `acl_documents` reads the JSON of `aws wafv2 get-web-acl`,
`get-ip-set` and `get-regex-pattern-set`; every error names its place (`json_node`).
"""
