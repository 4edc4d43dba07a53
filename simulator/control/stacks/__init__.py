"""CloudFormation's stacks of App Runner's resources: operations, change sets, and runs that carry them out.

Plans come from `rules/cloudformation`; resources are made by the same calls as a client's. Imported with the first
call, or at the start for a state that has a stack in progress.
"""

PUBLIC_MODULES = ("stack_api",)
