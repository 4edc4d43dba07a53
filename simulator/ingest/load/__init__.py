"""Load scripts: the load that a tool sends, as sources of a scenario."""
