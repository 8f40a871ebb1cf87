"""The usual mix of an analytics API: one request per iteration, drawn by weight.

It runs under `perf run --profile sustained --target URL`, and just as well under
`PERF_TOKEN=... locust -f api_endpoints.py --host URL`. perfproof sets PERF_TOKEN from the variable
that the target names (`token_env` in perf.yaml).
"""

import os
from urllib.parse import urlencode

from locust import constant, task

from perf_loadtests.http import LeanHttpUser

# Fixed ranges, so that every run asks for the same work.
SIX_HOURS = urlencode({"start_time": "2026-01-30T12:00:00Z", "end_time": "2026-01-30T18:00:00Z"})
ONE_HOUR = urlencode({"start_time": "2026-01-29T09:00:00Z", "end_time": "2026-01-29T10:00:00Z"})


class ApiEndpoints(LeanHttpUser):
    """Reads health, traces and two kinds of analytics."""

    wait_time = constant(1)

    def on_start(self) -> None:
        """Take the bearer token from the environment; without one no header is sent."""
        token = os.environ.get("PERF_TOKEN")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    @task(2)
    def health(self) -> None:
        """Ask for the health page, which needs no token."""
        self.client.get("/health", name="/health")

    @task(4)
    def list_traces(self) -> None:
        """List the twenty latest traces."""
        self._get("/api/v1/traces", "limit=20")

    @task(2)
    def metrics_analytics(self) -> None:
        """Summarise six hours of usage."""
        self._get("/api/v1/metrics/analytics", SIX_HOURS)

    @task(2)
    def cost_analytics(self) -> None:
        """Summarise one hour of costs by model."""
        self._get("/api/v1/costs/analytics", f"{ONE_HOUR}&group_by=model")

    def _get(self, path: str, query: str) -> None:
        # the name is the path alone: queries would make a series of every URL
        self.client.get(f"{path}?{query}", name=path, headers=self.headers)
