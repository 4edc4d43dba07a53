"""Tools for agents: a server of the Model Context Protocol that plays scenarios and answers from the results.

    server        the protocol over standard input and output: tools, resources, prompts
    tool_worker   starts the process that plays, sends it calls, ends it at the time limit or if a call is cancelled
    worker        that process: reads a call, plays it, writes progress and the result
    workspace     what a call may read and write: files below the root, and the shipped scenarios
    tools/        one module for each kind of tool: its arguments, its result, and the function that plays it

The process that plays is separate, so that the server answers while a run is computed, and so that a run can be ended
at any moment. It has no connection to a network, and it executes Python files of users only if the server allows it.
"""

PUBLIC_MODULES = ("server", "settings", "skill.skill")
