"""One question, then a pause: the smallest scenario there is.

It runs under `perf run --profile ramp --target URL`, and just as well under
`locust -f health_check.py --host URL`.
"""

from locust import constant, task

from perf_loadtests.http import LeanHttpUser


class HealthCheck(LeanHttpUser):
    """Asks whether the service is well, and waits a second, so that closed loops breathe."""

    wait_time = constant(1)

    @task
    def health(self) -> None:
        """Ask for the health page."""
        self.client.get("/health", name="/health")
