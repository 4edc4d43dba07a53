"""Lessons: a question about autoscaling, a run that answers it, and a parameter to change.

This package shows nothing: the terminal and the page that show a lesson are in higher layers.

A lesson is a file in `files/` (its form: lesson.py): text, a scenario, a question, an explanation with the run's own
figures in it, a knob, and claims. The claims state what the lesson teaches as bounds on figures. The tests run them, so
that a lesson cannot contradict the simulator.
"""

PUBLIC_MODULES = (
    "course",
    "lesson",
    "lesson_figures",
    "play",
)
