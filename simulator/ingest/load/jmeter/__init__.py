"""Test plans of JMeter (.jmx): thread groups, timers and HTTP samplers."""
