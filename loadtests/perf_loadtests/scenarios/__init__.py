"""Scenarios that ship: each is a locustfile, loaded by its path and imported by nobody."""
