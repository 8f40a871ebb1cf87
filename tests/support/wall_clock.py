"""A wall clock that can be set for one process, while its monotonic clock goes on."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

COMPILER = shutil.which("cc")
SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset_s;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("WALL_CLOCK_OFFSET");
    int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;
    if (descriptor >= 0) map = mmap(NULL, 8, PROT_READ, MAP_SHARED, descriptor, 0);
    offset_s = map == MAP_FAILED ? NULL : map;
    if (descriptor >= 0) close(descriptor);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && offset_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *offset_s;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *stored) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (stored) *stored = precise.tv_sec;
    return precise.tv_sec;
}
"""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The library to load into a process, and the file that says how far off its clock is."""

    library: Path
    offset: Path

    @property
    def environ(self) -> dict[str, str]:
        """Variables of a process that is to have this clock."""
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK_OFFSET": str(self.offset)}

    def set(self, offset_s: int) -> None:
        """Step the clock of every such process, at once."""
        with self.offset.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
            shared[:] = struct.pack("=q", offset_s)


def build(folder: Path) -> WallClock:
    """Compile the library; the clock is right at first."""
    source, library, offset = (folder / f"wall_clock.{end}" for end in ("c", "so", "offset"))
    source.write_text(SOURCE, encoding="ascii")
    offset.write_bytes(bytes(8))
    command = [str(COMPILER), "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
    subprocess.run(command, check=True, timeout=60)
    return WallClock(library, offset)
