"""Measurements that are no tests. Each module runs by itself (`python -m benchmarks.virtual`); see README.md."""
