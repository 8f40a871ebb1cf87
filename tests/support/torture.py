"""A server that breaks HTTP in every way, in a process of its own: `python torture.py FOLDER`.

FOLDER holds the certificates, and gets `seen.log`: a line for each connection and each request.
Its ports are printed as one line of JSON: `http`, which answers by path (see `torture_answers`);
`tls`, the same behind a good certificate; and one port for each way to fail at connect.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import torture_actions as actions
import torture_answers as answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPENSSL = shutil.which("openssl") or "openssl"
CERTIFICATES = ("good", "expired", "elsewhere", "stranger", "selfmade")
_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Torture:
    """Listeners, each with a thread; each connection with another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = (folder / "seen.log").open("a", buffering=1)
        self._lock = threading.Lock()
        self._numbers = count()
        self.ports: dict[str, int] = {}

    def listen(self, name: str, serve: Callable[[socket.socket, int], None]) -> None:
        """Listen on a free port."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.ports[name] = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(name, listener, serve), daemon=True).start()

    def _accept(
        self, name: str, listener: socket.socket, serve: Callable[[socket.socket, int], None]
    ) -> None:
        while True:
            link, _ = listener.accept()
            number = next(self._numbers)
            self._note("connection", name, number)
            threading.Thread(target=self._run, args=(serve, link, number), daemon=True).start()

    @staticmethod
    def _run(serve: Callable[[socket.socket, int], None], link: socket.socket, number: int) -> None:
        with suppress(OSError):
            serve(link, number)
        with suppress(OSError):
            link.close()

    def _note(self, *words: object) -> None:
        with self._lock:
            self._log.write(" ".join(map(str, words)) + "\n")

    def serve(self, link: socket.socket, number: int) -> None:
        """Answer requests by their path until one answer ends the connection."""
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.settimeout(30.0)
        held = b""
        for before in count():
            head, held = _head(link, held)
            if not head:
                return
            method, path, *_ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
            self._note("request", path, number, method)
            asked = actions.Asked(link, method, path, before, head.decode("latin-1"))
            name = path.split("/")[1].partition("?")[0]
            if name in actions.EARLY and not actions.EARLY[name](asked):
                return
            asked.body, held = _body(link, head, held)
            if not self._answer(name, asked):
                return

    def _answer(self, name: str, asked: actions.Asked) -> bool:
        link = asked.link
        if name in actions.ACTIONS:
            return actions.ACTIONS[name](asked)
        if name in answers.KEPT:
            link.sendall(answers.KEPT[name])
            return True
        if name in answers.STALLED:
            link.sendall(answers.STALLED[name])
            time.sleep(30.0)
        elif name in answers.RESET:
            link.sendall(answers.RESET[name])
            actions.reset(link)
        else:
            link.sendall(answers.CLOSED.get(name, b""))
        return False

    def behind(self, certificate: str) -> Callable[[socket.socket, int], None]:
        """Serve behind TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        place = self._folder / certificate
        context.load_cert_chain(place.with_suffix(".pem"), place.with_suffix(".key"))

        def serve(link: socket.socket, number: int) -> None:
            with context.wrap_socket(link, server_side=True) as wrapped:
                self.serve(wrapped, number)

        return serve


def _head(link: socket.socket, held: bytes) -> tuple[bytes, bytes]:
    while b"\r\n\r\n" not in held:
        part = link.recv(65_536)
        if not part:
            return b"", b""
        held += part
    head, _, rest = held.partition(b"\r\n\r\n")
    return head, rest


def _body(link: socket.socket, head: bytes, held: bytes) -> tuple[bytes, bytes]:
    size = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size = int(line[15:])
    while len(held) < size:
        held += link.recv(65_536)
    return held[:size], held[size:]


def _silent(link: socket.socket, _: int) -> None:
    link.recv(1)
    time.sleep(30.0)


def _reset(link: socket.socket, _: int) -> None:
    actions.reset(link)


def _close(link: socket.socket, _: int) -> None:
    link.shutdown(socket.SHUT_WR)
    link.recv(65_536)


def _plain(link: socket.socket, _: int) -> None:
    link.sendall(answers.response(b"plain", status=b"400 Bad Request"))
    link.recv(65_536)


def full_backlog() -> tuple[socket.socket, list[socket.socket]]:
    """Port whose queue is full: the next connect gets no answer at all."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(3)]
    for one in waiting:
        one.settimeout(0.0)
        one.connect_ex(listener.getsockname())
    return listener, waiting


def make_certificates(folder: Path) -> None:
    """An authority, and certificates of it that are good, expired, and for another host."""
    for authority in ("ca", "other"):
        _openssl(folder, "req", "-x509", *_EC, "-keyout", f"{authority}.key", "-out",
                 f"{authority}.pem", "-subj", f"/CN={authority}", "-days", "30")  # fmt: skip
    for name in CERTIFICATES:
        host = "elsewhere.example" if name == "elsewhere" else "localhost"
        (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        _openssl(folder, "req", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                 "-subj", f"/CN={host}")  # fmt: skip
        authority = "other" if name == "stranger" else "ca"
        signed = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial"]
        if name == "selfmade":
            signed = ["-signkey", f"{name}.key"]
        days = "-1" if name == "expired" else "30"
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-extfile", "names",
                 "-days", days, "-out", f"{name}.pem")  # fmt: skip


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run([OPENSSL, *words], cwd=folder, check=True, capture_output=True, timeout=20)


@contextmanager
def running(folder: Path) -> Iterator[dict[str, int]]:
    """The server as a child process; its ports by name."""
    make_certificates(folder)
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("pipes were asked for")
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()  # its end is what the server waits for
            process.wait(10)


def main() -> None:
    folder = Path(sys.argv[1])
    server = Torture(folder)
    server.listen("http", server.serve)
    server.listen("other", server.serve)
    server.listen("silent", _silent)
    server.listen("plain", _plain)
    server.listen("closes", _close)
    server.listen("resets", _reset)
    for name in CERTIFICATES:
        server.listen(f"tls-{name}", server.behind(name))
    kept = full_backlog()
    server.ports["full"] = kept[0].getsockname()[1]
    sys.stdout.write(json.dumps(server.ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
