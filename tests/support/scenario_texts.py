"""Scenarios that several tests run."""

# a class of each client, all of which ask for PATH
EACH_CLIENT = """
from locust import FastHttpUser, HttpUser
from perf_loadtests.http import LeanHttpUser


def ask(user):
    user.client.get("PATH", name="PATH")


class Lean(LeanHttpUser):
    tasks = [ask]


class Fast(FastHttpUser):
    tasks = [ask]


class Plain(HttpUser):
    tasks = [ask]
"""
