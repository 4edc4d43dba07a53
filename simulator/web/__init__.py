"""The files of the web pages: scripts, styles, templates and the chart library, for console, reports and lab."""

PUBLIC_MODULES = ("files",)
