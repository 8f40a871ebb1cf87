"""The one clock of stamps and deadlines; the books of the engine run by it too."""

import time

clock = time.perf_counter
