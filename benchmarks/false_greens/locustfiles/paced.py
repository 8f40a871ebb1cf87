"""A visitor who keeps a pace of ten pages a second, as far as the service lets him."""

from locust import HttpUser, constant_throughput, task


class Visitor(HttpUser):
    wait_time = constant_throughput(10)

    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
