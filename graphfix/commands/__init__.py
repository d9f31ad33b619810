"""Subcommands, one a file: each module has NAME, HELP, `configure(parser)` and `run(arguments) -> exit code`."""
