"""Short `repr`s of findings and results, which a prompt shows; their dataclasses would print every field."""

from __future__ import annotations

from typing import Any


class ShortFinding:
    """Gives a finding a `repr` of its code, target, node and message."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        where = f" at {' / '.join([*self.scope, self.node])}" if self.node else ""
        return f"<Finding {self.code} {self.name} for {self.called or self.target}{where}: {self.message}>"


class ShortResult:
    """Gives a result a `repr` of its model, verdict, target and number of findings."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        counted = f"{len(self.findings)} finding{'' if len(self.findings) == 1 else 's'}"
        about = self.error or f"{self.verdict} by {self.judge}, {counted}"
        return f"<Result: {f'{self.model}: ' if self.model else ''}{about}>"
