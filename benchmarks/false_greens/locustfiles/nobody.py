"""A module without a user class: its base was forgotten."""

from locust import task


class Visitor:
    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
