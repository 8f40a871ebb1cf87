"""The user class that scenarios extend."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from locust.exception import LocustError
from locust.user.users import User

from perf_loadtests.http.client import LeanClient

if TYPE_CHECKING:
    from locust.env import Environment


class LeanHttpUser(User):
    """A user whose `client` is perfproof's own HTTP client.

    In place of `HttpUser` or `FastHttpUser` it needs no other change in a scenario that uses the
    common part of their clients. See docs/http-client.md.

    Attributes
    ----------
    client : LeanClient
    insecure : bool
        Certificates are not verified; perfproof sets it by the profile.
    default_headers : dict
        Sent with every request.
    """

    abstract = True
    insecure: bool = False
    default_headers: ClassVar[dict[str, str]] = {}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        host = self.host or environment.host
        if not host:
            raise LocustError("no host: set `host` in the class, or pass --host")
        self.client = LeanClient(host, environment.events.request, self)
        self.client.headers.update(self.default_headers)
        self.client.connections.insecure = self.insecure
