"""What users of the simulated production do, some four hundred times a second."""

from locust import task

from perf_loadtests.http import LeanHttpUser

HEADERS = {"Authorization": "Bearer demo-token"}


class User(LeanHttpUser):
    """Looks at the newest trace."""

    @task
    def newest(self) -> None:
        """Ask for it."""
        self.client.get("/api/v1/traces?limit=1", name="/api/v1/traces", headers=HEADERS)
