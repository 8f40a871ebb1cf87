"""Every other user fails before its first task."""

from itertools import count

from locust import HttpUser, constant, task

NUMBERS = count(1)


class Visitor(HttpUser):
    wait_time = constant(0.1)

    def on_start(self) -> None:
        if next(NUMBERS) % 2 == 0:
            raise ValueError("no account left")

    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
