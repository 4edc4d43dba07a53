"""gunicorn's settings: one process with 32 threads."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 1
threads = 32
graceful_timeout = 5
