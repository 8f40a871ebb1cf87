"""Where looks at a canary go: the terminal while it is watched, then stdout, JSON and a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_documents.canary_looks import dump_look
from perf_documents.errors import PerfError
from perf_documents.files import make_private_folder, write_atomic
from perf_reports.canary_page import render_canary_page
from perf_reports.canary_terminal import render_look, render_look_line, render_outcome
from perf_reports.terminal import Style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perf_cli.output import Look as Appearance
    from perf_documents.canary_looks import Look


@dataclass(slots=True, kw_only=True)
class Output:
    """What is shown of each look, and what is left in the end.

    Attributes
    ----------
    appearance : perf_cli.output.Look
    title, rules_text : str
        For the page.
    out : Path or None
        Folder of `looks.jsonl` and `report.html`.
    quiet, as_json : bool
    """

    appearance: Appearance
    title: str
    rules_text: str
    out: Path | None
    quiet: bool
    as_json: bool
    _drawn: int = 0

    def show(self, look: Look) -> None:
        """Show one look: redrawn in place at a terminal, a line of its own elsewhere."""
        if self.quiet:
            return
        style = self._style
        if not self.appearance.redraw:
            say(render_look_line(look, style))
            return
        block = render_look(look, style)
        up = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        say(up + block)
        self._drawn = block.rstrip("\n").count("\n") + 1

    @property
    def _style(self) -> Style:
        return Style(colour=self.appearance.colour, ascii_only=self.appearance.ascii_only)

    def finish(self, looks: Sequence[Look]) -> Code:
        """Write what was asked for; INFRA if something could not be."""
        codes = [Code.PASS]
        if self.out is not None and looks:
            codes.append(self._write(self.out, looks))
        if looks:
            text = (
                dump_look(looks[-1]).decode()
                if self.as_json
                else render_outcome(looks[-1], self._style)
            )
            codes.append(result(text))
        return max(codes)

    def _write(self, out: Path, looks: Sequence[Look]) -> Code:
        code = Code.PASS
        page = render_canary_page(looks, title=self.title, rules_text=self.rules_text)
        lines = b"".join(dump_look(look) for look in looks)
        for name, data in (("looks.jsonl", lines), ("report.html", page.encode())):
            try:
                make_private_folder(out)
                write_atomic(out / name, data)
                say(f"perf check: wrote {out / name}")
            except (PerfError, OSError) as error:
                say(f"perf check: {out / name}: {error}")
                code = Code.INFRA
        return code
