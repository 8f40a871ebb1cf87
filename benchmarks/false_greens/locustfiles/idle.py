"""A task that makes no request: its line was commented out."""

from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        """Do nothing: what stood here was taken out for a moment, and forgotten."""
