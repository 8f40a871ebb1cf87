"""A task that computes for longer than the generator has time: signing, parsing, compressing."""

import hashlib

from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.25)

    @task
    def visit(self) -> None:
        self.client.get("/health", name="/health")
        hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 40_000)
