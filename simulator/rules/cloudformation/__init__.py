"""CloudFormation without its service: templates, their functions and parameters, types of resources, plans of changes.

Everything here is a function of a template and of known values; `control/stacks` carries plans out.
"""
