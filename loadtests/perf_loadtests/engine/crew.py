"""The VUs that exist, found by their Locust user or by the greenlet that asks."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import gevent
from locust.user.users import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_loadtests.engine.virtual_user import VirtualUser

MAX_DEPTH = 10


class Crew:
    """VUs from their making until they are gone."""

    def __init__(self) -> None:
        self._by_user: dict[User, VirtualUser] = {}
        self._by_greenlet: dict[object, VirtualUser] = {}
        self._free: dict[str, list[int]] = {}
        self._made: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_user)

    def __iter__(self) -> Iterator[VirtualUser]:
        return iter(list(self._by_user.values()))

    def add(self, vu: VirtualUser) -> None:
        """Add a VU whose user has just been made, under the lowest number of its target."""
        target = vu.arm.target
        free = self._free.setdefault(target, [])
        if free:
            vu.number = heapq.heappop(free)
        else:
            vu.number = self._made.get(target, 0)
            self._made[target] = vu.number + 1
        self._by_user[vu.user] = vu

    def runs_in(self, user: User, greenlet: gevent.Greenlet) -> VirtualUser:
        """Note the greenlet that runs a user; return its VU."""
        vu = self._by_user[user]
        vu.greenlet = greenlet
        self._by_greenlet[greenlet] = vu
        return vu

    def remove(self, vu: VirtualUser) -> bool:
        """Forget a VU; False where it was forgotten before."""
        self._by_greenlet.pop(vu.greenlet, None)
        if self._by_user.pop(vu.user, None) is None:
            return False
        heapq.heappush(self._free[vu.arm.target], vu.number)
        return True

    def of_user(self, user: User) -> VirtualUser:
        """VU of a Locust user."""
        return self._by_user[user]

    def of_instance(self, instance: object) -> VirtualUser | None:
        """VU of what Locust names in an event: a user, or a task set of one."""
        user = instance if isinstance(instance, User) else getattr(instance, "user", None)
        return self._by_user.get(user) if isinstance(user, User) else None

    def of_greenlet(self, greenlet: object) -> VirtualUser | None:
        """VU that a greenlet works for: its own, or the one of the greenlet that spawned it."""
        for _ in range(MAX_DEPTH):
            vu = self._by_greenlet.get(greenlet)
            if vu is not None:
                return vu
            spawner = getattr(greenlet, "spawning_greenlet", None)
            if spawner is None:
                return None
            greenlet = spawner()  # a weak reference
        return None

    def current(self) -> VirtualUser | None:
        """VU that the running greenlet works for."""
        return self.of_greenlet(gevent.getcurrent())
