"""The command line: one module a subcommand."""

__all__: list[str] = []
