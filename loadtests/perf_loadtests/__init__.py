"""Makes load and records it; the only room whose engine imports locust and gevent."""
