"""Subcommands, one per file, each with `configure(parser)` and `run(arguments) -> exit code`; other files are shared by them."""
