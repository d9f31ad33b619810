"""The lint rules, one a file; graphfix.check finds them by walking this folder."""
