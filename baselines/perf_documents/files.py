"""Files written whole or not at all, folders nobody else reads, names and sizes that are safe."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.names import NAME_RULE, is_name
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"
_READ_BYTES = 1 << 20
# what a file system without hard links answers to link(2)
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def check_name(text: str, what: str = "name") -> str:
    """Return the name unchanged, if it is one: it may become a file name."""
    if not is_name(text):
        raise UsageError(f'{what} "{visible(text, 80)}": not a name; use {NAME_RULE}')
    return text


def make_private_folder(path: Path) -> None:
    """Create a folder and those above it with mode 0700; one that exists is left as it is."""
    try:
        if not path.is_dir():
            make_private_folder(path.parent)
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
            _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: the folder cannot be created: {error.strerror}") from error
    if not path.is_dir():
        raise UsageError(f"{path}: is not a folder; name a folder or remove the file")


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 whole, replacing an old one; on failure the old one stands."""
    with _storing(path), _folder(path) as folder:
        if path.is_symlink():
            raise UsageError(f"{path}: is a symbolic link; remove it or name the file it points to")
        temporary = _write_temporary(folder, path.name, data)
        with _removed_on_failure(folder, temporary):
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


def write_shared(path: Path, data: bytes) -> None:
    """Write a file whole that others may read: the umask decides, not mode 0600."""
    write_atomic(path, data)
    mask = os.umask(0)
    os.umask(mask)
    with _storing(path):
        path.chmod(0o666 & ~mask)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file whole unless there is one; whether it was written."""
    with _storing(path), _folder(path) as folder:
        if path.is_symlink() or path.exists():
            return False
        temporary = _write_temporary(folder, path.name, data)
        with _removed_on_failure(folder, temporary):
            written = _link(folder, temporary, path.name)
        os.fsync(folder)
    return written


def write_all_new(place: Path, files: Mapping[str, bytes]) -> int:
    """Write files of a folder whole, each unless there is one; how many were written.

    Notes
    -----
    All of them are on the disk before the first has its name, at the price of one sync instead of
    two for each: 10,000 small files take a second instead of a minute.
    """
    temporaries: dict[str, str] = {}
    with _storing(place), _folder(place / "x") as folder:
        try:
            for name, data in files.items():
                temporaries[name] = _write_temporary(folder, name, data, sync=False)
            os.sync()
            written = sum(_link(folder, temporaries[name], name) for name in files)
        finally:
            for temporary in temporaries.values():
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
        os.fsync(folder)
    return written


def read_bounded(path: Path, max_bytes: int, *, follow: bool = False) -> bytes:
    """Content of a regular file of at most `max_bytes`.

    Nothing is waited for: a FIFO is refused, not opened for ever. A symbolic link is refused
    unless `follow`.
    """
    with opened(path, follow=follow) as descriptor:
        size = os.fstat(descriptor).st_size
        if size > max_bytes:
            raise DocumentError(f"{path}: {size} bytes; at most {max_bytes} are read")
        return _read_all(path, descriptor, max_bytes)


def read_head(path: Path, count_bytes: int) -> bytes:
    """Return the first bytes of a regular file, however large it is."""
    with opened(path, follow=False) as descriptor:
        return os.read(descriptor, count_bytes)


def remove_stale_temporaries(folder: Path, older_than_s: float) -> int:
    """Remove what killed writers left; how many. Ages are by the file system's own clock."""
    probe = folder / f".probe-{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    removed = 0
    with _storing(folder):
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        now_s = probe.lstat().st_mtime
        probe.unlink()
        for left in folder.glob(f".*{TEMPORARY_SUFFIX}"):
            # another process may tidy up at the same time
            with suppress(FileNotFoundError):
                if now_s - left.lstat().st_mtime > older_than_s:
                    left.unlink()
                    removed += 1
    return removed


@contextmanager
def opened(path: Path, *, follow: bool) -> Iterator[int]:
    """Descriptor of a regular file; a symbolic link is refused unless `follow`."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    except OSError as error:
        raise _opening_failed(path, error) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise DocumentError(f"{path}: is {kind}, not a file")
        yield descriptor
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _opening_failed(path: Path, error: OSError) -> DocumentError | StoreError:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return DocumentError(f"{path}: no such file")
        case errno.ELOOP:
            return DocumentError(f"{path}: is a symbolic link; name the file it points to")
        case errno.ENXIO:
            return DocumentError(f"{path}: is a device, pipe or socket, not a file")
        case errno.ENAMETOOLONG:
            return DocumentError(f"{path}: the name is too long")
        case _:
            return StoreError(f"{path}: cannot be read: {error.strerror}")


def _read_all(path: Path, descriptor: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes
    while part := os.read(descriptor, _READ_BYTES):
        left -= len(part)
        # it may have grown since its size was asked
        if left < 0:
            raise DocumentError(f"{path}: more than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    """Descriptor of the folder: all steps then happen in the same one, whatever is renamed."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _removed_on_failure(folder: int, temporary: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _write_temporary(folder: int, name: str, data: bytes, *, sync: bool = True) -> str:
    """Name of a new, complete and synced file in the folder."""
    temporary = f".{name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with _removed_on_failure(folder, temporary):
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            # a failed sync is never tried again: the kernel has forgotten the pages by then
            if sync:
                os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return temporary


def _link(folder: int, temporary: str, name: str) -> bool:
    """Give the file its final name unless that exists; the only such step that is atomic."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        written = False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True
    else:
        written = True
    os.unlink(temporary, dir_fd=folder)
    return written


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
