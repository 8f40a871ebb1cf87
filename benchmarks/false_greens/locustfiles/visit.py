"""Somebody who looks at one page four times a second."""

import os

from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        self.client.get(os.environ.get("VISIT", "/health"), name="/health")
