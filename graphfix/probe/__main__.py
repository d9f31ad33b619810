"""`python -m graphfix.probe` is `graphfix probe`."""

from __future__ import annotations

import sys

from graphfix.cli import main

if __name__ == "__main__":
    sys.exit(main(["probe", *sys.argv[1:]]))
