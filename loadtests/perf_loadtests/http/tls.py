"""One TLS context a process for each way to verify: loading the authorities costs most."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def shared_context(*, insecure: bool = False) -> ssl.SSLContext:
    """Context for connections to targets: verifying host and chain unless told otherwise."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
