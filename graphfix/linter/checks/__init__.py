"""The lint rules, one a file; graphfix.linter.check finds them by walking this folder."""
