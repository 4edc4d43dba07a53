"""gunicorn's settings for `shop.py`. gunicorn reads this file from its working directory."""  # noqa: INP001 - gunicorn's own name for it

import os

bind = f"{os.getenv('HOST', '0.0.0.0')}:{os.getenv('PORT', '8080')}"  # noqa: S104 in a container
workers = 1
threads = 8
graceful_timeout = 10
