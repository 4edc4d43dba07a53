"""Measurements that are not tests. Each module runs by itself (`python -m benchmarks.virtual`); see README.md."""
