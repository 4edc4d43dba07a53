"""Access to the outside world: time, random numbers, tasks, private files. Other packages use only these modules."""
