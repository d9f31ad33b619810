"""`python -m graphfix`: the same as the `graphfix` command."""

import sys

from graphfix.cli.app import console

sys.exit(console())
