"""What documents would have a reader type where no test can follow: read by the real parser."""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path

import click
import pytest

from pages import NAMES, PAGES, arguments, blocks, commands, of_language, typed
from perf_cli.app import group
from perf_loadtests.target.settings import parse_settings
from repository import ROOT, assert_none

LINES = {
    f"{block.place}: {line}": line for block in of_language("console") for line in typed(block)
}
LANGUAGES = {"sh", "console", "yaml", "json", "csv", "python", ""}
OURS = re.compile(rf"^(?:\$ )?(?:{'|'.join(NAMES)}) [a-z]", re.MULTILINE)
_FILE = re.compile(r"[\w./-]+\.\w+")


def parse(given: list[str], folder: Path) -> click.Context:
    """Context of the command that these arguments call; nothing is run.

    Files that are named exist for the time of it: an option may ask for that.
    """
    with chdir(folder):
        for word in given:
            if _FILE.fullmatch(word) and not Path(word).is_absolute():
                Path(word).parent.mkdir(parents=True, exist_ok=True)
                Path(word).touch()
        command: click.Command = group
        context = click.Context(group, info_name="perf")
        while isinstance(command, click.Group):
            name, found, given = command.resolve_command(context, given)
            assert found is not None
            if isinstance(found, click.Group):
                context = click.Context(found, info_name=name, parent=context)
            command = found
        context = command.make_context(context.info_name, list(given), parent=context)
        if command.name == "target":
            parse_settings(given, {})
        return context


@pytest.mark.parametrize("place", LINES)
def test_each_command_is_one_that_the_parser_takes(place: str, tmp_path: Path) -> None:
    for command in commands(LINES[place]):
        ours = arguments(command)
        if ours is not None:
            parse(ours, tmp_path)
        elif command[0] == "make":
            known = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert set(command[1:]) <= set(known)
        elif command[0] == "python":
            assert (ROOT / command[1]).is_file()


@pytest.mark.parametrize(
    "line",
    [
        "perfproof run --profle smoke",
        "perfproof run --profile smoke --wait 10",
        "perfproof histroy list",
        "perf history lst",
        "perfproof comment latest --github --nothing",
        "perfproof target --errors many",
        "cat x | perfproof changes --frobnicate",
        "TOKEN=x exec perfproof serve --port http",
        "docker run --rm perfproof run --profil smoke",
    ],
)
def test_a_mistake_in_a_document_would_be_seen(line: str, tmp_path: Path) -> None:
    wrong = [ours for command in commands(line) if (ours := arguments(command)) is not None]
    with pytest.raises((click.ClickException, SystemExit)):
        parse(wrong[0], tmp_path)


def test_every_console_block_shows_what_is_typed() -> None:
    assert_none(block.place for block in of_language("console") if not typed(block))


def test_no_command_of_ours_stands_in_a_block_that_nothing_reads() -> None:
    assert_none(
        f"{block.place}: {block.language or 'no language'}"
        for page in PAGES
        for block in blocks(page)
        if block.language not in {"sh", "console"} and OURS.search(block.text)
    )


def test_blocks_are_in_languages_whose_rules_are_known() -> None:
    assert_none(
        f"{block.place}: {block.language}"
        for page in PAGES
        for block in blocks(page)
        if block.language not in LANGUAGES
    )


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {page.name for page in PAGES if page.parent.name == "docs"} - {"README.md"}
    assert_none(name for name in sorted(pages) if f"]({name})" not in index)
    assert_none(
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    )
