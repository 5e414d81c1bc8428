"""docs/TUTORIAL.md and README.md are true: their commands run in order, and print what the page says but for digests and times."""
import shutil

from harness import ROOT, check
from pages import BLOCK, Page
from run_test import bubblewrap_starts

RUN = "```console\n$ slipway run staging --runner bubblewrap\nhello from staging\n```\n"


def test_every_command_prints_what_the_page_says(world):
    starts = bubblewrap_starts(world, {})
    page = Page(world, ROOT / "docs/TUTORIAL.md")
    check(RUN in page.text, "the block that runs the image on the page")
    if not starts:  # noted above, and a failure where E2E_REQUIRE demands it
        page.text = page.text.replace(RUN, "")
    page.follow()
    check(page.count > 15, f"commands of slipway on the page, not {page.count}")


def test_the_transcript_of_the_readme(world):
    page = Page(world, ROOT / "README.md", hosts=())
    shutil.copytree(ROOT / "examples/hello-service", page.folder, dirs_exist_ok=True)

    def compile_it():
        (page.folder / "build").mkdir(exist_ok=True)
        world.tool("c++", "-std=c++20", "-O1", "main.cpp", "-o", "build/hello-service", "-Wl,-z,relro,-z,now", "-lcrypto", "-lz", cwd=page.folder)

    compile_it()
    world.write("work/build/hello", world.static_program().read_bytes(), 0o755)
    for found in BLOCK.finditer(page.text):
        block = found[4]
        if found[3] != "console" or not block.startswith("$ "):
            continue  # how to install: scripts/quickstart does that
        before, rollback, after = block.partition("$ slipway rollback")
        page.console(before)
        if rollback:  # the second edition, which the transcript passes over
            source = page.folder / "main.cpp"
            source.write_text(source.read_text().replace('"hello")', '"hello, second edition")'))
            compile_it()
            for line in ("build --push", "release staging", "promote staging production --reason 'second edition'"):
                check("[exit status" not in page.run(f"slipway {line}"), f"success of {line}")
            page.console(rollback + after)
    check(page.count >= 7, f"commands of slipway in README.md, not {page.count}")
