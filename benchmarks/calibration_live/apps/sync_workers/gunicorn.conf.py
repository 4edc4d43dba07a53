"""gunicorn's settings: four processes, each of which serves one request at a time."""

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"
workers = 4
graceful_timeout = 5
