"""The world's doors: time, chance, tasks. Whoever needs one of them comes through here."""
