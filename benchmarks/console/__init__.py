"""What the console costs: frames per second of its page, and CPU time of the simulator with and without a page."""
