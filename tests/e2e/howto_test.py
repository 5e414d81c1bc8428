"""The pages of docs/how-to are true: their commands run in order and print what the page shows."""
from debug_test import core_of
from harness import ROOT, check
from pages import BLOCK, FIXTURE, Page

FOLDER = ROOT / "docs/how-to"
START = FOLDER / "README.md"


def project(page):
    """The project that the pages start from: README.md shows its files."""
    for found in BLOCK.finditer(START.read_text()):
        if found[1] == "file":
            page.write(found[2], found[4])
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
