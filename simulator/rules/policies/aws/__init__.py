"""Policies of AWS: App Runner, ECS with Application Auto Scaling, Lambda."""
