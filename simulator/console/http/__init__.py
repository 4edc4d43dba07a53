"""The console's web server: access control, static files, server-sent events."""
