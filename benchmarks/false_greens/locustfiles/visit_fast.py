"""The same visitor with Locust's fast client."""

import os

from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        self.client.get(os.environ.get("VISIT", "/health"), name="/health")
