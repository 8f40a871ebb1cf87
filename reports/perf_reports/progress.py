"""Progress of a run on stderr: redrawn on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from perf_documents.events import Notice, Progress
from perf_reports import units
from perf_reports.escape import ascii_only, terminal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TextIO

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

EVERY_S = 10.0
_BAR = 24
_FULL, _EMPTY = "█", "░"
_PLAIN = str.maketrans({_FULL: "#", _EMPTY: "-"})
_LONGEST_NOTICE = 400
_GOOD, _BAD, _DIM = "cyan", "bold red", "dim"

Piece = tuple[str, str]


def line(progress: Progress) -> str:
    """Return progress as one line for a log."""
    return "  ".join(
        (
            f"{units.length(progress.at_s)} of {units.length(progress.duration_s)}",
            progress.phase,
            _offered(progress),
            _durations(progress),
            f"{units.count(progress.requests)} requests",
            _failed(progress),
            f"{units.count(progress.dropped)} dropped",
            *_lag(progress),
            f"{units.length(progress.left_s)} left",
        )
    )


def notice_line(notice: Notice) -> str:
    """Return a notice as one line; what it quotes cannot act on a terminal or a CI log."""
    return f"{'warning' if notice.warning else 'note'}: {terminal(notice.text, _LONGEST_NOTICE)}"


def block(progress: Progress) -> list[list[Piece]]:
    """Return progress as four lines of text and style, for a terminal that is redrawn."""
    reached = f"{units.length(progress.at_s)} of {units.length(progress.duration_s)}"
    failed = _BAD if progress.failed else ""
    dropped = _BAD if progress.dropped else ""
    return [
        [
            (f"{progress.phase:<10}", "bold"),
            (_bar(progress), _GOOD),
            (f"  {reached}, {units.length(progress.left_s)} left", _DIM),
        ],
        [
            ("rate      " if progress.open_model else "VUs       ", _DIM),
            (_offered(progress), ""),
            (f"   {units.count(progress.vus)} VUs" if progress.open_model else "", _DIM),
        ],
        [("service   ", _DIM), (_durations(progress), ""), ("   over 5 s", _DIM)],
        [
            ("requests  ", _DIM),
            (units.count(progress.requests), ""),
            (f"   {_failed(progress)}", failed),
            (f"   {units.count(progress.dropped)} dropped", dropped),
            (f"   {units.count(progress.abandoned)} abandoned" if progress.abandoned else "", ""),
            *((f"   {lag}", _DIM) for lag in _lag(progress)),
        ],
    ]


class ProgressDisplay:
    """Shows events on one stream; what the stream can do is told, not asked."""

    def __init__(
        self, stream: TextIO, *, redraw: bool, colour: bool = False, plain: bool = False
    ) -> None:
        self._stream = stream
        self._redraw = redraw
        self._colour = colour
        self._plain = plain
        self._shown: int | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def show(self, event: Progress | Notice) -> None:
        """Show one event: redraw, or print where a line is due."""
        # a stream that is full, or gone, costs the display and never the run
        with contextlib.suppress(OSError, ValueError):
            if isinstance(event, Notice):
                self._print(notice_line(event))
            elif self._redraw:
                self._update(event)
            elif self._is_due(event.at_s):
                self._print(line(event))

    def close(self) -> None:
        """Leave the terminal as it was; what was printed stays."""
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError, ValueError):
                live.stop()

    def _is_due(self, at_s: float) -> bool:
        place = int(at_s // EVERY_S)
        due = self._shown is None or place > self._shown
        self._shown = place if due else self._shown
        return due

    def _print(self, text: str) -> None:
        shown = self._spelled(text)
        if self._live is not None:
            self._live.console.print(shown, markup=False, highlight=False, emoji=False)
            return
        self._stream.write(f"{shown}\n")
        self._stream.flush()

    def _update(self, progress: Progress) -> None:
        if self._live is None:
            self._live = _open_live(self._stream, colour=self._colour)
        self._live.update(self._text(progress), refresh=True)

    def _text(self, progress: Progress) -> Text:
        from rich.text import Text  # noqa: PLC0415  # only who redraws pays for rich

        text = Text(no_wrap=True, overflow="ellipsis")
        for place, pieces in enumerate(block(progress)):
            text.append("\n" if place else "")
            for piece, style in pieces:
                text.append(self._spelled(piece), style or None)
        return text

    def _spelled(self, text: str) -> str:
        return ascii_only(text.translate(_PLAIN)) if self._plain else text


def _open_live(stream: TextIO, *, colour: bool) -> Live:
    from rich.console import Console  # noqa: PLC0415  # only who redraws pays for rich
    from rich.live import Live  # noqa: PLC0415

    console: Console = Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
    )
    live = Live(
        console=console,
        auto_refresh=False,  # redrawn when something is known, by no clock of its own
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live


def _bar(progress: Progress) -> str:
    share = progress.at_s / progress.duration_s if progress.duration_s > 0 else 1.0
    full = round(_BAR * min(max(share, 0.0), 1.0))
    return _FULL * full + _EMPTY * (_BAR - full)


def _offered(progress: Progress) -> str:
    if progress.open_model:
        return f"{units.rate(progress.achieved)} of {units.rate(progress.planned)}"
    return f"{units.number(progress.achieved)} of {units.number(progress.planned)} VUs"


def _durations(progress: Progress) -> str:
    figures = (("p50", progress.p50_s), ("p95", progress.p95_s), ("p99", progress.p99_s))
    return "  ".join(
        f"{name} {units.NOT_AVAILABLE if value is None else units.duration(value)}"
        for name, value in figures
    )


def _failed(progress: Progress) -> str:
    if not progress.failed:
        return "0 failed"
    whole = progress.requests + progress.abandoned
    said = f" ({units.percent(progress.failed / whole)})" if progress.failed <= whole else ""
    return f"{units.count(progress.failed)} failed{said}"


def _lag(progress: Progress) -> tuple[str, ...]:
    if progress.lag_p99_s is None:
        return ()
    return (f"lag p99 {units.duration(progress.lag_p99_s)}",)
