"""Lessons: a question about autoscaling, a run that answers it, and a knob to turn. Told to nobody: who shows a lesson,
a terminal or a page, lives upstairs.

A lesson is a file in `files/` (its form: lesson.py): text, a scenario, a question, an explanation with the run's own
figures in it, a knob, and claims. The claims say what the lesson teaches as bounds on figures, and the tests play them,
so that a lesson cannot say what the simulator does not do.
"""
