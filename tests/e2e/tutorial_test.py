"""docs/TUTORIAL.md is true: its commands run in order, and print what the page says but for digests and times."""
from harness import ROOT, check
from pages import Page


def test_every_command_prints_what_the_page_says(world):
    page = Page(world, ROOT / "docs/TUTORIAL.md")
    page.follow()
    check(page.count > 15, f"commands of slipway on the page, not {page.count}")
