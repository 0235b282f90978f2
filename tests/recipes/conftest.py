"""The text and the finished run that the tests of the command have as well."""

from cli.conftest import finished_run, text_file

__all__ = ["finished_run", "text_file"]
