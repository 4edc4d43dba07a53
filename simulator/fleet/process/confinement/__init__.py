"""Groups of processes on this machine, confined, watched and removed. For instances and for builds."""
