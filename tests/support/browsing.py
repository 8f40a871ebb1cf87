"""A page in a real browser, without a network."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    *,
    width: int = 1280,
    dark: bool = False,
    script: bool = True,
) -> Iterator[Page]:
    """A page, its network cut; whatever it complains about or asks for fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        offline=True,
        reduced_motion="reduce",
    )
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url)
            if request.url != path.as_uri() else None)  # fmt: skip
    page.goto(path.as_uri())
    yield page
    context.close()
    assert complaints == []
