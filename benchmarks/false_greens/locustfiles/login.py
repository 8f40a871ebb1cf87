"""A visitor who logs in first."""

from locust import HttpUser, constant, task


class Member(HttpUser):
    wait_time = constant(0.1)

    def on_start(self) -> None:
        self.client.get("/api/v1/traces?limit=1", name="login",
                        headers={"Authorization": "Bearer demo-token"})  # fmt: skip

    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
