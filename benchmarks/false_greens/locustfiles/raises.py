"""A task that fails now and then after its request was answered."""

from itertools import count

from locust import HttpUser, constant, task

NUMBERS = count(1)


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        answer = self.client.get("/health", name="/health").json()
        if next(NUMBERS) % 10 == 0:
            answer["token"]
