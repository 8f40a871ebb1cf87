"""The project's own fast HTTP client for scenarios; importing it imports locust and gevent."""

from perf_loadtests.http.user import LeanHttpUser

__all__ = ["LeanHttpUser"]
