"""The same limits, with the last branch of the example in Locust's documentation."""

import logging

from locust import events
from locust.env import Environment


@events.quitting.add_listener
def judge(environment: Environment, **_: object) -> None:
    """Fail the test by its failures or its 95th percentile; otherwise say that it passed."""
    total = environment.stats.total
    if total.fail_ratio > 0.01:
        logging.error("Test failed due to failure ratio > 1%%")
        environment.process_exit_code = 1
    elif total.get_response_time_percentile(0.95) > 1000:
        logging.error("Test failed due to 95th percentile response time > 1000 ms")
        environment.process_exit_code = 1
    else:
        environment.process_exit_code = 0
