"""The pages of docs/how-to are true: their commands run in order and print what the page shows."""
from debug_test import core_of
from harness import ROOT, check
from pages import FIXTURE, Page

FOLDER = ROOT / "docs/how-to"
HELLO = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(VERSION); puts(getenv("GREETING")); }\n'
MAKEFILE = """VERSION = 1
all:
\t@mkdir -p build
\t@cc -static -O1 -s -DVERSION='"$(VERSION)"' hello.c -o build/hello
"""
START = FOLDER / "README.md"


def project(page):
    """The project that the pages start from: README.md shows its slipway.yaml."""
    recipe = START.read_text().split("```yaml\n", 1)[1].split("```\n", 1)[0]
    page.write("slipway.yaml", recipe)
    page.write("hello.c", HELLO)
    page.write("Makefile", MAKEFILE)
    page.write("deploy/staging.env", "GREETING=hello from staging\n")
    page.write("deploy/production.env", "GREETING=hello from production\n")
    page.world.tool("make", "-s", cwd=page.folder)


def released(page):
    project(page)
    for command in ("slipway build --push", "slipway release staging", "slipway promote staging production"):
        page.run(command)


def crashed(page):
    """A program with debug information, and a core dump of it."""
    project(page)
    page.write("greet.c", '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    page.world.tool("gcc", "-g", "-O1", "-Wl,-z,now", "-o", "build/greet", "greet.c", cwd=page.folder)
    (page.folder / "core.1234").write_bytes(core_of((page.folder / "build/greet").read_bytes()))


FIXTURES = {"project": project, "released": released, "crashed": crashed}


def follow(world, path):
    page = Page(world, path)
    fixture = FIXTURE.search(page.text)
    check(fixture, f"a fixture on {path.name}")
    if "registry.example.com" not in page.text:
        page.hosts.append(("registry.example.com", world.registry().host))
    FIXTURES[fixture[1]](page)
    page.follow()


def follower(path):
    return lambda world: follow(world, path)


for path in sorted(FOLDER.glob("*.md")):
    if path != START:
        globals()[f"test_{path.stem.replace('-', '_')}"] = follower(path)
