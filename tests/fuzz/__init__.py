"""Fuzzing: damaged copies of the fixtures through the linter; `python -m tests.fuzz --count 50000` runs more of them by hand."""
