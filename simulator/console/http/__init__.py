"""The console's web server: who may ask, static files, server-sent events."""
