"""Lessons: a question about autoscaling, a run that answers it, and a parameter to change.

The terminal and the web page that show a lesson are in higher layers.

A lesson is a file in `files/` (its form: lesson.py): text, a scenario, a question, an explanation that contains figures
of the run, a parameter to change, and claims. The claims state the statement of the lesson as bounds on figures. The
tests check them, so that a lesson cannot contradict the simulator.
"""

PUBLIC_MODULES = (
    "course",
    "lesson",
    "lesson_figures",
    "play",
)
