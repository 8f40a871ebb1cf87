"""The staircase that finds what a load process holds, and the service that it is climbed on."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from urllib.parse import urlsplit

from perf_analysis.saturation import Reading
from perf_loadtests.calibrate import judge
from perf_loadtests.target.launch import PLAIN, DemoTarget
from perf_loadtests.target.plain import ANSWER

WELL = Reading(rate_per_s=1.0, planned=1, dropped=0, lag_p99_s=0.001, cpu_ratio=0.3)
LOST = replace(WELL, lag_p99_s=0.2, cpu_ratio=0.99)
RATES = [500, 1000, 2000]


def test_the_highest_step_that_was_held_and_the_one_above_it() -> None:
    found = judge([WELL, WELL, LOST], RATES)
    assert (found.held_per_s, found.lost_per_s) == (1000, 2000)
    assert found.reading is WELL
    assert found.cause == "the generator's processor: 99 % of a core"


def test_a_lower_step_that_was_lost_is_a_moment_of_the_machine() -> None:
    assert judge([LOST, WELL, LOST], RATES).held_per_s == 1000


def test_a_step_that_was_not_reached_is_not_held() -> None:
    found = judge([WELL, None, None], RATES)
    assert (found.held_per_s, found.lost_per_s, found.cause) == (500, 1000, "")


def test_a_step_that_was_lost_at_once_is_explained_by_the_last_second_of_all() -> None:
    found = judge([WELL, None, None], RATES, LOST)
    assert (found.held_per_s, found.lost_per_s) == (500, 1000)
    assert found.cause == "the generator's processor: 99 % of a core"
    assert judge([WELL, None, None], RATES, WELL).cause == ""  # it tells nothing


def test_nothing_is_held_where_every_step_was_lost() -> None:
    found = judge([LOST, LOST, LOST], RATES)
    assert (found.held_per_s, found.reading, found.lost_per_s) == (0, None, 500)


def test_a_staircase_without_an_end_names_no_limit() -> None:
    found = judge([WELL, WELL, WELL], RATES)
    assert (found.held_per_s, found.lost_per_s, found.cause) == (2000, None, "")


def test_the_plain_service_answers_each_request_once_however_it_is_cut() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with DemoTarget(os.environ, module=PLAIN) as target:
        place = urlsplit(target.url)
        with socket.create_connection((place.hostname, place.port), timeout=5.0) as plain:
            for piece in (request[:7], request[7:-2], request[-2:] + request, request):
                plain.sendall(piece)
            received = b""
            while len(received) < 3 * len(ANSWER):
                received += plain.recv(4096)
            plain.settimeout(0.2)
            assert received == ANSWER * 3
            plain.shutdown(socket.SHUT_WR)
            assert plain.recv(1) == b""
