"""The results of a comparison in short: its answer in each case and over all cases."""

PUBLIC_MODULES = ("answers", "markdown", "overall")
