"""gunicorn's settings: one process with as many threads as there may be requests in progress."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 1
threads = 200
graceful_timeout = 5
