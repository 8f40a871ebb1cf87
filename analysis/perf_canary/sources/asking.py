"""Queries put to Prometheus: a few at a time, each with its deadline, all within one budget."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from perf_canary.sources.answer import (
    MOST_BYTES,
    Refused,
    Samples,
    Trouble,
    error_text,
    parse_samples,
)
from perf_canary.sources.http import Call, NoReplyError, exchange
from perf_documents.errors import DocumentError
from perf_documents.redact import Redactor, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perf_canary.sources.http import Reply
    from perf_documents.urls import TargetUrl

CALL_S = 10.0
BUDGET_S = 30.0
TRIES = 3
AT_ONCE = 4
_MOST_REDIRECTS = 3
_OK = 200
_AGAIN = frozenset({429, 503, 504})
_BAD_QUERY = frozenset({400, 422})
_NO_ACCESS = frozenset({401, 403, 404})
# the same request is to be made at another place
_MOVED = frozenset({301, 302, 307, 308})
_SERVER_TEXT = 300
_MOST_CLEANED = 4000

Answered = Samples | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks one Prometheus.

    Parameters
    ----------
    url : TargetUrl
        Where its API begins; nothing is ever sent to another scheme, host or port.
    headers : mapping of str to str
        Sent with each query; their values are removed from whatever the server says.
    clock, sleep : callable
        Monotonic seconds, and waiting.
    call_s : float
        Deadline of one query, name look-up and last byte included.
    """

    url: TargetUrl
    headers: Mapping[str, str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    call_s: float = CALL_S

    def ask(self, queries: Iterable[str], t_s: float | None) -> dict[str, Answered]:
        """Return an answer to each query; those without one were tried three times.

        Parameters
        ----------
        queries : iterable of str
        t_s : float or None
            Unix time, the same for all; None asks for the server's now.
        """
        end_s = self.clock() + BUDGET_S
        waiting = list(dict.fromkeys(queries))
        answers: dict[str, Answered] = {}
        for attempt in range(TRIES):
            if attempt:
                self.sleep(float(attempt))
            answers |= self._round(waiting, t_s, end_s)
            waiting = [text for text in waiting if _is_unanswered(answers[text])]
            if not waiting:
                break
        return answers

    def _round(self, texts: list[str], t_s: float | None, end_s: float) -> dict[str, Answered]:
        """Ask each once; where one stays unanswered, the others wait for the next round.

        A silent server would otherwise take the whole budget for one try of each.
        """
        queue: SimpleQueue[str] = SimpleQueue()
        answers: dict[str, Future[Answered]] = {}
        for text in texts:
            answers[text] = Future()
            queue.put(text)
        down = threading.Event()
        unasked = Refused(trouble=Trouble.UNANSWERED, why="not asked: another query got no answer")

        def work() -> None:
            while True:
                try:
                    text = queue.get_nowait()
                except Empty:
                    return
                try:
                    found = unasked if down.is_set() else self._ask(text, t_s, end_s)
                except Exception as error:  # noqa: BLE001  # raised again where it is waited for
                    answers[text].set_exception(error)
                    continue
                if _is_unanswered(found):
                    down.set()
                answers[text].set_result(found)

        for _ in range(min(AT_ONCE, len(texts))):
            threading.Thread(target=work, daemon=True).start()
        return _explained({text: answer.result() for text, answer in answers.items()}, unasked)

    def _ask(self, text: str, t_s: float | None, end_s: float) -> Answered:
        form = {"query": text, "timeout": f"{round(self.call_s * 1000)}ms"}
        if t_s is not None:
            form["time"] = f"{t_s:.3f}"
        try:
            reply = self._send(urlencode(form).encode(), end_s)
        except NoReplyError as error:
            return Refused(trouble=Trouble.UNANSWERED, why=str(error))
        if reply.status != _OK:
            return self._refused(reply)
        try:
            return _read(reply, t_s)
        except DocumentError as error:
            return Refused(trouble=Trouble.UNREADABLE, why=self._clean(str(error)))

    def _send(self, body: bytes, end_s: float) -> Reply:
        path: str | None = f"{self.url.path}/api/v1/query"
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
            **self.headers,
        }
        reply: Reply | None = None
        for _ in range(_MOST_REDIRECTS + 1):
            if path is None:
                break
            left_s = min(self.call_s, end_s - self.clock())
            if left_s <= 0.0:
                raise NoReplyError(f"{BUDGET_S:g} s are over; nothing more was tried")
            call = Call(origin=self.url.origin, method="POST", path=path, headers=headers,
                        body=body, most_bytes=MOST_BYTES)  # fmt: skip
            reply = exchange(call, left_s)
            path = self._moved(reply, path)
        if reply is None:
            raise NoReplyError("nothing was asked")
        return reply

    def _moved(self, reply: Reply, path: str) -> str | None:
        """Path on the same host to which a query is to go; None where it ends here."""
        if reply.status not in _MOVED:
            return None
        base = self.url.text().removesuffix(self.url.path)
        try:
            parts = urlsplit(urljoin(base + path, reply.headers.get("location", "")))
        except ValueError:
            return None  # no address at all
        is_here = f"{parts.scheme}://{parts.netloc}" == base
        found = parts.path if is_here and parts.path.isascii() and not parts.query else path
        return None if found == path or not found.isprintable() or " " in found else found

    def _refused(self, reply: Reply) -> Refused:
        status = reply.status
        said = self._clean(error_text(reply.body))
        if status in _AGAIN:
            return Refused(trouble=Trouble.UNANSWERED, why=f"status {status}")
        if status in _BAD_QUERY:
            return Refused(trouble=Trouble.QUERY, why=f"status {status}: {said}")
        if status in _MOVED:
            return Refused(trouble=Trouble.SETTING, why=f"status {status}: redirected elsewhere, "
                           "where nothing was sent; source.prometheus is to be the address "
                           "that answers")  # fmt: skip
        if status in _NO_ACCESS:
            return Refused(trouble=Trouble.SETTING, why=f"status {status}: no access; check the "
                           "path of source.prometheus and source.headers_env")  # fmt: skip
        return Refused(trouble=Trouble.UNREADABLE, why=f"status {status}; expected 200")

    def _clean(self, text: str) -> str:
        # a server may repeat a token without the scheme before it
        secrets = {part for value in self.headers.values() for part in (value, value.split()[-1])}
        return visible(Redactor(secrets).clean(text[:_MOST_CLEANED]), _SERVER_TEXT)


def _explained(answers: dict[str, Answered], unasked: Refused) -> dict[str, Answered]:
    """Answers with, for queries that were not asked, the cause of that."""
    lost = (one for one in answers.values() if one is not unasked and _is_unanswered(one))
    cause = next(lost, unasked)
    return {text: cause if one is unasked else one for text, one in answers.items()}


def _read(reply: Reply, t_s: float | None) -> Samples:
    coding = reply.headers.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        # what unpacks to a terabyte is not unpacked at all
        raise DocumentError(f"content-encoding {visible(coding, 40)} was not asked for")
    if len(reply.body) > MOST_BYTES:
        raise DocumentError(f"an answer of more than {MOST_BYTES:,} bytes")
    return parse_samples(reply.body, t_s)


def _is_unanswered(answer: Answered) -> bool:
    return isinstance(answer, Refused) and answer.trouble is Trouble.UNANSWERED
