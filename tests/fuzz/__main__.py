"""Lint or fix mutants by hand: `python -m tests.fuzz --count 50000 --seed 1`; those with a defect are written to a folder."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.fixing import fix_defects
from tests.fuzz.linting import defects

parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
parser.add_argument("--count", type=int, default=2000, help="mutants (default: 2000)")
parser.add_argument("--fix", action="store_true", help="fix them instead, which takes a hundred times as long")
parser.add_argument("--seed", type=int, default=1, help="the seed that they follow from (default: 1)")
parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="the folder for those that show a defect")
given = parser.parse_args()
began, found, crashed = time.monotonic(), 0, 0
for defect in (fix_defects if given.fix else defects)(given.seed, given.count, jobs=given.jobs):
    if defect.native:
        crashed += 1
        continue
    found += 1
    given.keep.mkdir(parents=True, exist_ok=True)
    (given.keep / f"{given.seed}-{defect.number}.onnx").write_bytes(defect.data)
    print(f"seed {given.seed}, mutant {defect.number}: {defect.said}")
seconds = time.monotonic() - began
contained = f"native code crashed or hung on {crashed}, each of which cost one line"
print(f"{given.count} mutants in {seconds:.0f} s: {found} defects; {contained}")
sys.exit(bool(found))
