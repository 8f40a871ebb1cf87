"""The closed list of ways in which a request fails, by whose fault they are."""

ABANDONED = "abandoned"
DROPPED = "dropped"
TIMEOUT = "timeout"
TARGET_CLASSES = (
    "refused", "connect_timeout", "reset", "closed_before_response", "body_truncated", TIMEOUT,
    "protocol_error", "bad_status", "http_4xx", "http_5xx", "bad_redirect", "too_many_redirects",
    "body_too_large", "decode_error", "unsolicited", "tls_verify", "tls_handshake", "dns",
    "net_unreachable", "assertion", ABANDONED, DROPPED,
)  # fmt: skip
GENERATOR_CLASSES = ("local_ports", "local_files", "local_memory")
INVALID_SAMPLE = "invalid_sample"
NOT_ALLOWED = "not_allowed"
FAILURE_CLASSES = (*TARGET_CLASSES, *GENERATOR_CLASSES, INVALID_SAMPLE, NOT_ALLOWED)
# Said beside the name where a used connection ended without an answer: the keep-alive race.
ON_REUSED = " on a reused connection"
# Failures without any answer: ten seconds of nothing else end a run early.
TRANSPORT_CLASSES = frozenset({
    "refused", "connect_timeout", "reset", "closed_before_response", TIMEOUT, "tls_verify",
    "tls_handshake", "dns", "net_unreachable",
})  # fmt: skip
