"""A client of one's own that reports the response time that MILLISECONDS says."""

import os

from locust import User, constant, task


class Caller(User):
    wait_time = constant(0.25)

    @task
    def call(self) -> None:
        self.environment.events.request.fire(
            request_type="RPC", name="say", response_time=float(os.environ["MILLISECONDS"]),
            response_length=0, exception=None, context={},
        )  # fmt: skip
