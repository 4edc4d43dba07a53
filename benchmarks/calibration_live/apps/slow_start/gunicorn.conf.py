"""gunicorn's settings: one process with six threads, which loads the application before it answers."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 1
threads = 6
graceful_timeout = 5
