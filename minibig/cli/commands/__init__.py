"""One file for each command: its options, an example, and what it runs."""

__all__: list[str] = []
