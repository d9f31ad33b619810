"""Fuzzing: damaged models through lint, fix and the readers; `python -m tests.fuzz --count 50000` runs more of them by hand."""
