"""The lint rules, one per file; `graphfix.check.checks` imports every module of this package."""
