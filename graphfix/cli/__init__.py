"""The command line: arguments, settings and exit codes; each subcommand is one file in `commands/`.

Nothing here decides a verdict or edits a graph. Imports: every other package.
"""
