"""The names taken in a model, and new ones that are not."""

from __future__ import annotations

from collections.abc import Iterable


class Taken:
    """Names, every one of them taken for good, which is what makes counting on from the last possible."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = set(names)
        self._counts: dict[str, int] = {}

    def add(self, name: str) -> None:
        """Take a name."""
        self._names.add(name)

    def fresh(self, name: str) -> str:
        """The name, with the lowest number from 2 on where it is taken; it is taken from then on."""
        made = name
        if name in self._names:
            count = self._counts.get(name, 2)
            while (made := f"{name}_{count}") in self._names:
                count += 1
            self._counts[name] = count + 1
        self._names.add(made)
        return made
