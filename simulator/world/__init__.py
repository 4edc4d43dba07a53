"""Access to the outside world: time, random numbers, tasks, private files. Other packages use these only
through here.
"""

PUBLIC_MODULES = (
    "child_processes",
    "clock",
    "distributions",
    "playback",
    "private_files",
    "random_streams",
    "repeated_interrupt",
    "replacement_files",
    "running_loop",
    "tasks",
    "virtual",
)
