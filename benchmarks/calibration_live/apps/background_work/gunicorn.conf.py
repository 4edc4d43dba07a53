"""gunicorn's settings: one process with sixteen threads, beside which the application has its own."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 1
threads = 16
graceful_timeout = 5
