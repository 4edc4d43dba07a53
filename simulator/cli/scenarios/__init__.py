"""Commands that play a scenario or say something about one."""
