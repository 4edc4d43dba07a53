"""The cost of the console: frames per second of its page, and CPU time of the simulator with and without a page."""
