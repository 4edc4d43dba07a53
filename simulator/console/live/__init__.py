"""The live view: a run or a server as frames, events and commands."""
