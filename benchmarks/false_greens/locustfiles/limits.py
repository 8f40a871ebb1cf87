"""Limits of the whole test, by the listener that Locust's documentation gives for this.

Its last branch, which sets the exit code to 0, is left out: with it Locust would hide what it knows
itself, such as an exception in a task (see `limits_as_printed.py`).
"""

import logging

from locust import events
from locust.env import Environment


@events.quitting.add_listener
def judge(environment: Environment, **_: object) -> None:
    """Fail the test by its failures or its 95th percentile."""
    total = environment.stats.total
    if total.fail_ratio > 0.01:
        logging.error("Test failed due to failure ratio > 1%%")
        environment.process_exit_code = 1
    elif total.get_response_time_percentile(0.95) > 1000:
        logging.error("Test failed due to 95th percentile response time > 1000 ms")
        environment.process_exit_code = 1
