"""The load generator: a process of its own, and the only place that runs locust and gevent."""
