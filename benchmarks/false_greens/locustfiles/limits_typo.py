"""The limits, and one for a single request whose name has a slip of the pen."""

import logging

from locust import events
from locust.env import Environment


@events.quitting.add_listener
def judge(environment: Environment, **_: object) -> None:
    """Fail the test by its failures or by the 95th percentile of one request."""
    stats = environment.stats
    if stats.total.fail_ratio > 0.01:
        logging.error("Test failed due to failure ratio > 1%%")
        environment.process_exit_code = 1
    elif stats.get("/haelth", "GET").get_response_time_percentile(0.95) > 1000:
        logging.error("Test failed due to 95th percentile response time > 1000 ms")
        environment.process_exit_code = 1
