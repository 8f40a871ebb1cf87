"""nginx with the ready configuration on free ports, and two backends that say their names."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READY = ROOT / "deploy/rollout/nginx"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens to, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def nginx(folder: Path) -> Iterator[None]:
    """A server in the foreground, ended by its own process id."""
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=said)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


class Site:
    """The ready configuration on free ports, with two backends that say their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, blue, green = free_ports(3)
        for name in ("shift", "split.conf", "nginx.conf"):
            shutil.copy(READY / name, folder / name)
        text = (folder / "nginx.conf").read_text()
        for port, free in (("8080", self.port), ("8081", blue), ("8082", green)):
            assert text.count(f"127.0.0.1:{port}") == 1
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free}")
        (folder / "nginx.conf").write_text(text)
        backends = "".join(
            f'server {{ listen 127.0.0.1:{port}; return 200 "{name}"; }}\n'
            for name, port in (("blue", blue), ("green", green))
        )
        self.back = folder / "back"
        self.back.mkdir()
        front = text.split("    # The whole split_clients")[0]
        (self.back / "nginx.conf").write_text(f"{front}{backends}}}\n")

    def ask(self) -> str:
        """Which backend answers one request; what went wrong otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()
        return body if answer.status == 200 else str(answer.status)

    def shift(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script in the folder."""
        return subprocess.run(
            [str(self.folder / "shift"), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def settled(site: Site, wanted: set[str]) -> bool:
    """Whether a reload takes hold: it is asked for, and nginx takes its moment."""
    for _ in range(100):
        if {site.ask() for _ in range(20)} == wanted:
            return True
        time.sleep(0.05)
    return False


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """A site that answers, all of it blue."""
    site = Site(folder)
    with nginx(site.back), nginx(site.folder):
        assert settled(site, {"blue"})
        yield site
