"""The rules of CloudFormation: templates, their functions and parameters, types of resources, and plans of changes.

Everything here is a function of a template and of known values; `control/stacks` carries out the plans.
"""
