"""A service that only answers: `python -m perf_loadtests.target.plain --with-parent PID`.

What a load generator can hold is measured against it: every request gets the same 40 bytes of JSON
over a kept connection, as fast as a process of Python can write them.
"""

from __future__ import annotations

import json
import selectors
import signal
import socket
import sys

from perf_loadtests.target.parent import follow_parent

BODY = b'{"status":"ok","service":"plain","n":40}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
END = b"\r\n\r\n"
_CHUNK = 65_536


def main(argv: list[str]) -> int:
    """Announce the address on stdout, then answer until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not follow_parent(int(argv[argv.index("--with-parent") + 1])):
        return 0
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port = listener.getsockname()[1]
        sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()
        serve(listener)
    return 0


def serve(listener: socket.socket) -> None:
    """Answer for ever; requests have no body, and every head ends with an empty line."""
    listener.setblocking(False)  # noqa: FBT003  # the standard library
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    rests: dict[int, bytes] = {}
    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                waiting.register(connection, selectors.EVENT_READ, connection)
            elif not _answer(key.data, rests):
                waiting.unregister(key.data)
                rests.pop(key.fd, None)
                key.data.close()


def _answer(connection: socket.socket, rests: dict[int, bytes]) -> bool:
    """Answer what came in whole; False where the connection has ended."""
    number = connection.fileno()
    try:
        received = connection.recv(_CHUNK)
        if not received:
            return False
        *heads, rest = (rests.get(number, b"") + received).split(END)
        rests[number] = rest[-_CHUNK:]
        if heads:
            connection.sendall(ANSWER * len(heads))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
