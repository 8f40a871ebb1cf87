"""The same visitor, who gives up on an answer after two seconds."""

import os

from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        self.client.get(os.environ.get("VISIT", "/health"), name="/health", timeout=2)
