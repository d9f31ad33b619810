"""How often a table was right on models that were not used to measure it, as recorded beside the tables of its target."""

from __future__ import annotations

import json
from pathlib import Path

from graphfix.errors import TableError
from graphfix.ir.records import dataclass

FILE = "agreement.json"
"""The file in a target's folder that holds the agreement of each of its versions; fixtures/conformance/score.py writes it."""

TRIALS = "fixes.jsonl.xz"
"""The file in a folder of tables that holds the trials of fixes."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The number of conformance models that were asked about, of those with the right verdict, and the day."""

    models: int
    right: int
    on: str

    def words(self, models: str) -> str:
        """Return the share, rounded down, with the number of models: `89.4 % of 2221 conformance models`."""
        share = 1000 * self.right // self.models
        return f"{share // 10}.{share % 10} % of {self.models} {models}"


def preview_words(folder: Path, *, of_torch: bool = False) -> str:
    """What a preview is told by: how often the table in a folder was right, and for ONNX whether fixes were tried."""
    found = recorded_agreement(folder)
    models = "programs" if of_torch else "conformance models"
    agrees = f"agrees with the compiler on {found.words(models)}" if found else "no agreement with the compiler is recorded"
    return agrees if of_torch or (folder / TRIALS).is_file() else f"{agrees}; fixes were not tried"


def recorded_agreement(folder: Path) -> Agreement | None:
    """Return the agreement of one folder of tables; None where none is recorded."""
    file = folder.parent / FILE
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_bytes()).get(folder.name)
        return None if found is None else Agreement(int(found["models"]), int(found["right"]), str(found["on"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableError(f"holds no agreement ({error!r})", path=file, hint="reinstall graphfix") from error
