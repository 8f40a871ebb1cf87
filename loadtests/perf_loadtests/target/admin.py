"""The admin routes, off by default: what was served, and faults at run time."""

from collections.abc import Callable
from http import HTTPStatus

from perf_loadtests.target.app import ADMIN_PREFIX, Request, Route, error_response, json_response
from perf_loadtests.target.faults import FaultError, Faults, faults_to_json, parse_faults
from perf_loadtests.target.parameters import parse_object
from perf_loadtests.target.requestlog import RequestLog
from perf_loadtests.target.wire import Response


class Admin:
    """The two routes over the log and the faults in force."""

    def __init__(
        self, log: RequestLog, faults: Callable[[], Faults], set_faults: Callable[[Faults], None]
    ) -> None:
        self._log = log
        self._faults = faults
        self._set_faults = set_faults

    def routes(self) -> dict[str, Route]:
        """Return the routes by path."""
        return {
            f"{ADMIN_PREFIX}state": Route("GET", self._state),
            f"{ADMIN_PREFIX}faults": Route("POST", self._change_faults),
        }

    def _state(self, _: Request) -> Response:
        self._log.flush()
        counts = self._log.counts()
        rows = [
            {"method": method, "route": route, "status": status, "count": count}
            for (method, route, status), count in sorted(counts.items())
        ]
        return json_response(
            {
                "requests": counts.total(),
                "counts": rows,
                "faults": faults_to_json(self._faults()),
            }
        )

    def _change_faults(self, request: Request) -> Response:
        try:
            faults = parse_faults(parse_object(request.body))
        except FaultError as error:
            return error_response(HTTPStatus.BAD_REQUEST, str(error))
        self._set_faults(faults)
        return json_response({"faults": faults_to_json(faults)})
