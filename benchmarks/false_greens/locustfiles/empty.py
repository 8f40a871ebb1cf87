"""Each task visits what stands in a file of data; the file has a heading and no rows."""

import csv
from io import StringIO

from locust import HttpUser, constant, task

PAGES = "path\n"


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        for row in csv.DictReader(StringIO(PAGES)):
            self.client.get(row["path"], name="/health")
