"""A branch that holds nothing but records, reached without touching work tree, index or HEAD."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from perf_baselines.record_codec import MAX_RECORD_BYTES
from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.git import safe_git
from perf_documents.redact import Redactor, secrets_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

LOCAL_S, REMOTE_S = 60.0, 120.0
_BATCH = 500
_SHOWN = 3
_RECORD = re.compile(r"records/([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\.json")
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}")
# How one signs in is the caller's; other variables would answer for another repository.
_KEPT = re.compile(r"GIT_(SSH|SSL|ASKPASS|CONFIG|HTTP|PROXY|TRACE)")
# A hook, a signature or a housekeeper in the background is no part of this.
_PLAIN = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "push.gpgSign=false",
          "-c", "push.followTags=false", "-c", "fetch.prune=false")  # fmt: skip
_FIRST = re.compile(
    r"\[rejected\]|cannot lock ref|failed to update ref|incorrect old value|already exists"
)
# A service that starts a pipeline for each push leaves this one out.
_MESSAGE = "Add {count} of perfproof's records [skip ci]\n"
_AUTHOR = "perfproof <perfproof@localhost>"


class Blob(NamedTuple):
    """A file of the branch."""

    oid: str
    size_bytes: int


class Answer(NamedTuple):
    """What git said; its messages without secrets."""

    code: int
    output: bytes
    messages: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch at one remote of the repository around a folder.

    Notes
    -----
    What was fetched, and what was last synced, stand below `refs/perfproof/`: `git branch` and
    `git log` do not show them, and a clone does not copy them.
    """

    root: Path
    remote: str
    name: str
    environ: Mapping[str, str]

    @property
    def place(self) -> str:
        """Remote and branch, in words."""
        return f"{self.remote}/{visible(self.name, 80)}"

    def check(self) -> None:
        """Refuse what is no branch or remote, before anything is asked of it.

        Raises
        ------
        UsageError
        """
        shown = visible(self.name, 80)
        named = self._git("check-ref-format", f"refs/heads/{self.name}")
        if named.code or self.name.startswith("-"):
            raise UsageError(f"--branch {shown!r}: is no name of a branch")
        known = _REMOTE.fullmatch(self.remote) is not None
        if not known or self._git("remote", "get-url", self.remote).code:
            raise UsageError(
                f"--remote {visible(self.remote, 80)!r}: git knows no remote of this name here; "
                "next: work inside of a clone, or git remote add"
            )

    def fetch(self) -> str | None:
        """Newest commit of the branch; None where there is no such branch yet."""
        ref = self._ref("fetched")
        answer = self._git(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
            "--no-recurse-submodules", "--refmap=", "--", self.remote,
            f"+refs/heads/{self.name}:{ref}", deadline_s=REMOTE_S,
        )  # fmt: skip
        if "couldn't find remote ref" in answer.messages:
            return None
        self._expect(answer, "cannot be fetched")
        return self._commit_of(ref)

    def synced(self) -> str | None:
        """Commit that was there after the last time; None before the first."""
        return self._commit_of(self._ref("synced"))

    def remember(self, commit: str) -> None:
        """Note what is there now."""
        self._expect(self._git("update-ref", self._ref("synced"), commit), "cannot be noted")

    def contains(self, commit: str, earlier: str) -> bool:
        """Whether a commit was built on an earlier one."""
        return self._git("merge-base", "--is-ancestor", earlier, commit).code == 0

    def records(self, commit: str) -> dict[str, Blob]:
        """Files of the records by run id.

        Raises
        ------
        UsageError
            If the branch holds anything else.
        """
        answer = self._git("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        self._expect(answer, "cannot be listed")
        found: dict[str, Blob] = {}
        foreign = []
        for line in answer.output.decode("utf-8", "replace").split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, _, oid, size = facts.split()
            match = _RECORD.fullmatch(path)
            if match is None or mode != "100644" or int(size) > MAX_RECORD_BYTES:
                foreign.append(visible(path, 80))
            else:
                found[match[1]] = Blob(oid, int(size))
        if foreign:
            few = ", ".join(foreign[:_SHOWN]) + (", ..." if len(foreign) > _SHOWN else "")
            raise UsageError(
                f"{self.place}: holds {len(foreign)} files that are no records: {few}; expected a "
                "branch of its own; nothing was changed; next: --branch perfproof-history"
            )
        return found

    def read(self, blobs: Sequence[Blob]) -> list[bytes]:
        """Content of files, in their order."""
        contents: list[bytes] = []
        for start in range(0, len(blobs), _BATCH):
            batch = blobs[start : start + _BATCH]
            asked = "".join(f"{blob.oid}\n" for blob in batch).encode()
            answer = self._git("cat-file", "--batch", stdin=asked)
            self._expect(answer, "cannot be read")
            at = 0
            for blob in batch:
                head = f"{blob.oid} blob {blob.size_bytes}\n".encode()
                if not answer.output.startswith(head, at):
                    raise DocumentError(f"{self.place}: git does not give its file {blob.oid}")
                at += len(head)
                contents.append(answer.output[at : at + blob.size_bytes])
                at += blob.size_bytes + 1
        return contents

    def commit(self, parent: str | None, texts: Mapping[str, bytes], now: datetime) -> str:
        """Commit that adds records to those of its parent; an orphan without one."""
        ref = self._ref(f"scratch-{secrets.token_hex(8)}")
        message = _MESSAGE.format(count=len(texts)).encode()
        lines = [
            f"commit {ref}\nmark :1\ncommitter {_AUTHOR} {now.timestamp():.0f} +0000\n".encode()
        ]
        lines += [b"data %d\n%s" % (len(message), message)]
        lines += [f"from {parent}\n".encode()] if parent else []
        for run_id, text in sorted(texts.items()):
            lines.append(f"M 100644 inline records/{run_id}.json\ndata {len(text)}\n".encode())
            lines += [text, b"\n"]
        lines.append(b"\nget-mark :1\ndone\n")
        answer = self._git("fast-import", "--quiet", "--done", stdin=b"".join(lines))
        self._expect(answer, "cannot be extended")
        self._git("update-ref", "-d", ref)
        return answer.output.decode("ascii").strip()

    def push(self, commit: str) -> bool:
        """Push a commit; False where somebody else was first.

        Raises
        ------
        StoreError
            If the remote cannot be reached, or refuses for another reason.
        """
        answer = self._git(
            "push", "--porcelain", "--no-verify", "--", self.remote,
            f"{commit}:refs/heads/{self.name}", deadline_s=REMOTE_S,
        )  # fmt: skip
        # the reason stands on the line of the ref, in parentheses
        lines = answer.output.decode("utf-8", "replace").splitlines()
        reasons = [line.split("\t")[-1] for line in lines if line.startswith("!")]
        said = " ".join([*reasons, answer.messages])
        if answer.code and _FIRST.search(said):
            return False
        self._expect(answer._replace(messages=said), "cannot be pushed")
        return True

    def _ref(self, kind: str) -> str:
        return f"refs/perfproof/{kind}/{self.remote}/{self.name}"

    def _commit_of(self, ref: str) -> str | None:
        answer = self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return None if answer.code else answer.output.decode("ascii").strip()

    def _expect(self, answer: Answer, what: str) -> None:
        if answer.code:
            said = (
                visible(" ".join(answer.messages.split()), 300) or f"git ended with {answer.code}"
            )
            raise StoreError(f"{self.place}: {what}: {said}; the history here is as it was")

    def _git(
        self, *arguments: str, stdin: bytes | None = None, deadline_s: float = LOCAL_S
    ) -> Answer:
        command, settings = safe_git(self.root, self.environ)
        settings |= {name: text for name, text in self.environ.items() if _KEPT.match(name)}
        try:
            # no terminal: who asks for a password gets an answer at once
            with subprocess.Popen(
                [*command, *_PLAIN, *arguments],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=settings,
                start_new_session=True,
            ) as process:
                output, messages = _talk(process, stdin, deadline_s)
        except (OSError, ValueError) as error:
            raise UsageError(f"git cannot be started: {error}") from error
        redactor = Redactor(secrets_of(self.environ))
        return Answer(
            process.returncode, output, redactor.clean(messages.decode("utf-8", "replace"))
        )


def _talk(
    process: subprocess.Popen[bytes], stdin: bytes | None, deadline_s: float
) -> tuple[bytes, bytes]:
    """What a program says; after its deadline it ends, and all that it started."""
    try:
        return process.communicate(stdin, timeout=deadline_s)
    except subprocess.TimeoutExpired:
        return b"", f"no answer within {deadline_s:.0f} s".encode()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
