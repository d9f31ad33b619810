"""`python -m graphfix.probe`: measure a compiler and write its support tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphfix.errors import GraphfixError
from graphfix.probe.run import run


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and measure; 0 when done, 1 when --check found a difference, 2 on an error."""
    parser = argparse.ArgumentParser(prog="python -m graphfix.probe", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--op", nargs="*", default=[], help="operators, as the tables name them; all by default")
    parser.add_argument("--python", help="an interpreter in which the compiler is installed")
    parser.add_argument("--evidence", type=Path, help="a folder that keeps answers between runs")
    parser.add_argument("--check", action="store_true", help="write nothing; say which tables would change")
    given = parser.parse_args(arguments)
    try:
        done = run(
            given.target,
            given.op,
            python=given.python,
            evidence=given.evidence,
            writing="nothing" if given.check else "tables",
            tell=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except GraphfixError as error:
        print(error, file=sys.stderr)
        return 2
    changed = [outcome.op for outcome in done if outcome.changed]
    print(f"{sum(outcome.probes for outcome in done)} probes, {len(done)} operators, {len(changed)} tables changed")
    return 1 if given.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
