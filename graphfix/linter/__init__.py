"""The linter: from a model and its tables to findings and a verdict for each target.

Here live the engine, the checks (one a file in `checks/`), settings, suppressions and baselines. Nothing here changes a model
or prints a report. Imports: tables, verify.
"""
