"""What a scenario sees of a response."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Self

from locust.exception import CatchResponseError, LocustError, ResponseError

from perf_loadtests.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from perf_loadtests.http.exchange import Exchange

_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
_NONE = Headers()


class LeanResponse:
    """A response, or the failure to get one: then `status_code` is 0 and `error` says why.

    With `catch_response=True` it is a context, and the request is reported when that is left: as
    `success()` or `failure()` said, else by its status. What broke on the way keeps its class.
    """

    def __init__(
        self, exchange: Exchange, report: Callable[[LeanResponse, Exception | None], None] | None
    ) -> None:
        self.exchange = exchange
        self.error = exchange.failure()
        self._report = report
        self._entered = False
        self._said: Exception | bool | None = None

    @property
    def status_code(self) -> int:
        """Status; 0 where no whole response came."""
        return self.exchange.status

    @property
    def headers(self) -> Headers:
        """Headers, without regard to case."""
        head = self.exchange.head
        return _NONE if head is None else head.headers

    @property
    def content(self) -> bytes:
        """Body without its content codings."""
        return bytes(self.exchange.body)

    @property
    def text(self) -> str:
        """Body as text; bytes that are none in its charset (UTF-8 unless said) are replaced."""
        found = _CHARSET.search(self.headers.get("content-type") or "")
        try:
            return str(self.exchange.body, found[1] if found else "utf-8", "replace")
        except LookupError:
            return str(self.exchange.body, "utf-8", "replace")

    @property
    def ok(self) -> bool:
        """Whether a whole response with a status from 200 to 399 came."""
        return self.error is None

    @property
    def url(self) -> str:
        """URL of the last hop."""
        return self.exchange.prepared.address.url

    @property
    def elapsed(self) -> dt.timedelta:
        """Service time of the last hop."""
        return dt.timedelta(seconds=self.exchange.service_s)

    def json(self) -> object:
        """Body read as JSON; ValueError where it is none."""
        return json.loads(self.exchange.body)

    def raise_for_status(self) -> None:
        """Raise `error`, if there is one."""
        if self.error is not None:
            raise self.error

    def success(self) -> None:
        """Report a whole response as a success, whatever its status."""
        self._say(True)  # noqa: FBT003  # what was said

    def failure(self, error: object) -> None:
        """Report a whole response as failed; `error` is a text or an exception."""
        self._say(error if isinstance(error, Exception) else CatchResponseError(str(error)))

    def _say(self, verdict: Exception | bool) -> None:  # noqa: FBT001  # what was said
        if not self._entered:
            raise LocustError(
                "success() and failure() belong inside a with block: "
                "with self.client.get(..., catch_response=True) as response: ..."
            )
        self._said = verdict

    def __enter__(self) -> Self:
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._entered = False
        if self._said is None and isinstance(error, ResponseError):
            self._said, error = error, None
        elif self._said is None and error is not None:
            return False  # what the scenario raises by itself is reported as that
        report, self._report = self._report, None
        if report is not None:
            # no verdict makes whole what broke on the way, nor the target's what is our own fault
            said = self.exchange.error or (self.error if self._said is None else self._said)
            report(self, said if isinstance(said, Exception) else None)
        return error is None
