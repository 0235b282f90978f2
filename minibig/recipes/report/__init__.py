"""The report of a quickstart: page.html and page.css, and page.py, which fills them."""

from minibig.recipes.report.page import report_page

__all__ = ["report_page"]
