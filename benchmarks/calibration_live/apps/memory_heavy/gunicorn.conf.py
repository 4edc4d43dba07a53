"""gunicorn's settings: one process with eight threads."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 1
threads = 8
graceful_timeout = 5
