"""The command that serves tools to agents."""
