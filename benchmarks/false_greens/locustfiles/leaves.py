"""A scenario that ends the test in its midst, in the way that LEAVE says."""

import os
import sys
from itertools import count

from locust import HttpUser, constant, task

NUMBERS = count(1)


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
        if next(NUMBERS) == 60:
            {"sys.exit": sys.exit, "os._exit": os._exit, "quit": self.quit}[os.environ["LEAVE"]](0)

    def quit(self, _: int) -> None:
        self.environment.runner.quit()
