"""CloudFormation stacks of App Runner resources: operations, change sets, and the runs that execute them.

Plans are computed by `rules/cloudformation`; resources are created by the same calls as a client's. Imported with the
first call, or at the start if the state has a stack in progress.
"""

PUBLIC_MODULES = ("stack_api",)
