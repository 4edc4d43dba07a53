"""The instances of one service and their requests: pool (slots, queue), replicas and their health, autoscaler."""
