"""The habits of registries against the commands: docs/REGISTRIES.md is printed from here.

Each quirk of tests/registry_support/quirky_registry.py meets each command. A command that ends with 0 must have done its
work, looked at from behind; one that does not must have said why and changed nothing it should not. The outcomes are
the table of docs/REGISTRIES.md; REGISTRIES_WRITE=1 writes it, after a change that is meant.
"""
import concurrent.futures
import json
import os
import pathlib
import sys

from harness import ROOT, Failure, check, check_equal, layout_tags
from projects import Project

sys.path.insert(0, str(ROOT / "tests/registry_support"))
from quirky_registry import QUIRKS, QuirkyRegistry  # noqa: E402  (found beside the tests)

PAGE = ROOT / "docs/REGISTRIES.md"
BEGIN, END = "<!-- table: tests/e2e/registries_test.py -->\n", "<!-- end of the table -->\n"
OF_IMAGES = ("push", "pull", "tag", "ls", "digest", "copy --all-tags", "copy --referrers", "copy -n", "delete")
OF_RELEASES = ("build --push", "release", "promote", "build again", "release again", "rollback", "status", "verify")
TAGS = ["a", "b", "c", "d", "hidden", "v1"]
SLOW = ("get-502", "put-500", "limited")  # their retries wait: they start first


class Case:
    """One quirk, with a registry that has content, and what came of each command."""

    def __init__(self, world, quirk, images):
        self.world, self.quirk, self.images = world, quirk, images
        self.cells, self.said = {}, {}
        self.folder = world.folder / (quirk or "none")
        self.folder.mkdir()

    def run(self):
        with QuirkyRegistry() as registry:
            self.registry = registry
            self.app = f"{registry.host}/team/app"
            self.fill()
            registry.quirk = self.quirk
            self.images_part()
            self.releases_part()
        return self

    def slipway(self, *argv, **options):
        # A port may be given again, and what this machine remembers of a ledger goes by the registry's name.
        own = {"XDG_CACHE_HOME": str(self.folder / "cache")}
        return self.world.slipway(*argv, "--retry", "3", status=None, env=own, **options)

    def fill(self):
        """Puts images there: what an honest registry was given once."""
        self.registry.take_content(self.world.content)
        if self.quirk == "fallback-stale":
            self.make_stale()
        self.truth = dict(self.registry.tags["team/app"])

    def make_stale(self):
        """Adds an entry to the fallback list whose manifest does not exist."""
        tag = next(tag for tag in self.registry.tags["team/app"] if tag.startswith("sha256-") and "." not in tag)
        kind, data = self.registry.manifests["team/app"][self.registry.digest("team/app", tag)]
        index = json.loads(data)
        index["manifests"].append({**index["manifests"][0], "digest": "sha256:" + "0" * 64})
        self.registry.put("team/app", tag, kind, json.dumps(index).encode())

    def note(self, command, ended, proof):
        """The cell of a command; a success is proved."""
        if ended.status == 0:
            try:
                check(proof(), f"{self.quirk}: {command} did what it said:\n{ended}")
            except KeyError as missing:
                raise Failure(f"{self.quirk}: {command} ended with 0, and {missing} is not there:\n{ended}") from None
            cell = "ok"
        else:
            check(ended.status in (1, 2, 11, 12, 13, 14, 15, 16), f"{self.quirk}: a status of the table:\n{ended}")
            check("error: " in ended.err, f"{self.quirk}: a reason:\n{ended}")
            cell = str(ended.status)
        self.cells[command] = cell
        self.said[command] = ended.err.strip()
        return ended

    # Commands of images.

    def images_part(self):
        registry, truth, layout = self.registry, self.truth, f"oci:{self.images}"
        wanted = self.world.digests
        self.note("push", self.slipway("copy", f"{layout}:big", f"{registry.host}/push/app:v1"),
                  lambda: registry.digest("push/app", "v1") == wanted["big"])
        self.note("pull", self.slipway("copy", f"{self.app}:v1", f"oci:{self.folder}/pulled:v1"),
                  lambda: layout_tags(self.folder / "pulled")["v1"] == wanted["v1"])
        ended = self.slipway("tag", f"{self.app}:v1", "new")
        again = self.slipway("tag", f"{self.app}:v1", "new")
        self.note("tag", again if ended.status == 0 else ended, lambda: registry.digest("team/app", "new") == wanted["v1"])
        self.note("ls", ended := self.slipway("ls", self.app), lambda: self.is_whole(ended.lines))
        self.note("digest", ended := self.slipway("digest", f"{self.app}:v1"), lambda: ended.digest == wanted["v1"])
        self.note("copy --all-tags", self.slipway("copy", "--all-tags", self.app, f"oci:{self.folder}/all"),
                  lambda: self.is_whole(layout_tags(self.folder / "all")))
        self.copy_referrers()
        self.no_clobber()
        ended = self.note("delete", self.slipway("delete", f"{self.app}:b"),
                          lambda: registry.digest("team/app", "b") is None)
        check(ended.status == 0 or registry.digest("team/app", "b") == truth["b"], "a refused deletion deletes nothing")
        check_equal(registry.digest("team/app", "a"), truth["a"], f"{self.quirk}: another tag of the same image")

    def is_whole(self, listed):
        """A list that is shorter than the truth is a lie; only what the registry itself hides may be missing."""
        wanted = set(TAGS) | {"new"} if self.cells["tag"] == "ok" else set(TAGS)
        if self.quirk == "there-not-listed":
            wanted -= {"hidden"}
        return wanted <= set(listed)

    def copy_referrers(self):
        """From the registry and to it; the cell is the worse one."""
        here, there = self.folder / "attached", f"{self.registry.host}/attached/app"
        ended = self.slipway("copy", "--referrers", f"{self.app}:v1", f"oci:{here}:v1")
        if ended.status == 0:
            found = self.world.slipway("referrers", f"oci:{here}:v1", "-o", "json").out
            check(self.world.sbom in found, f"{self.quirk}: the SBOM came along:\n{ended}")
            ended = self.slipway("copy", "--referrers", f"oci:{self.images}:v1", f"{there}:v1")
        self.note("copy --referrers", ended, lambda: self.world.sbom in self.registry.manifests["attached/app"])

    def no_clobber(self):
        before = self.registry.digest("team/app", "c")
        ended = self.slipway("copy", "-n", f"oci:{self.images}:big", f"{self.app}:c")
        check(ended.status != 0, f"{self.quirk}: -n keeps a tag that is there:\n{ended}")
        check_equal(self.registry.digest("team/app", "c"), before, f"{self.quirk}: the tag that -n keeps")
        if ended.status == 16:
            ended = self.slipway("copy", "-n", f"oci:{self.images}:big", f"{self.app}:fresh")
        self.note("copy -n", ended, lambda: self.registry.digest("team/app", "fresh") == self.world.digests["big"])

    # Commands of releases.

    def releases_part(self):
        project = Project(Inside(self.world, self.folder), repository=f"{self.registry.host}/team/hello", settle="0s")
        slipway = lambda *argv: self.slipway(*argv, cwd=project.folder)
        tag = lambda name: self.registry.digest("team/hello", name)
        ended = self.note("build --push", slipway("build", "--push"), lambda: True)
        first = ended.digest if ended.status == 0 else None
        check(first is None or first in self.registry.manifests["team/hello"], f"{self.quirk}: the build is there")
        if first is None:
            return self.fill_cells()
        self.note("release", slipway("release", "staging"), lambda: tag("staging") == first)
        self.note("promote", slipway("promote", "staging", "production"), lambda: tag("production") == first)
        if self.cells["release"] != "ok" or self.cells["promote"] != "ok":
            return self.fill_cells()
        self.second_edition(project, slipway, tag, first)
        self.note("status", ended := slipway("status", "-o", "json"), lambda: self.shows(ended.document, first))
        self.note("verify", slipway("verify", "--all"), lambda: True)
        self.fill_cells()

    def second_edition(self, project, slipway, tag, first):
        """Another build, released on top of the first one and rolled back; it gets a tag of its own where "latest" stays."""
        project.edition("second")
        self.note("build again", ended := slipway("build", "--push"), lambda: tag("latest") == ended.digest)
        if ended.status != 0:
            ended = slipway("build", "--push", "-t", "second")
        second = ended.digest
        self.note("release again", slipway("release", "staging"), lambda: tag("staging") == second)
        if self.cells["release again"] != "ok":
            return
        ended = slipway("promote", "staging", "production")
        check_equal((ended.status, tag("production")), (0, second), f"{self.quirk}: the second promotion:\n{ended}")
        self.note("rollback", slipway("rollback", "production"), lambda: tag("production") == first)

    def shows(self, document, build):
        rows = {row["environment"]: row for row in document["apps"][0]["environments"]}
        return build in json.dumps(rows["production"])

    def fill_cells(self):
        for command in OF_RELEASES:
            self.cells.setdefault(command, "-")


class Inside:
    """A part of a world, for a project of its own."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder

    def write(self, name, text, mode=None):
        return self.world.write(f"{self.folder.name}/{name}", text, mode)

    def slipway(self, *argv, **options):
        return self.world.slipway(*argv, **options)


def prepare(world):
    """Two images in a layout: v1 with an SBOM attached, and one with a layer that proxies may find too large."""
    world.write("f", "hello\n")
    world.write("large", os.urandom(700_000))
    build = ("build", "-q", "--base", "scratch", "--platform", "linux/amd64")
    world.slipway(*build, "--add", "f:/f", "--sbom", "spdx", "--to", "oci:images:v1")
    world.slipway(*build, "--add", "large:/large", "--to", "oci:images:big")
    world.digests = {tag: world.slipway("digest", f"oci:images:{tag}").digest for tag in ("v1", "big")}
    attached = json.loads(world.slipway("referrers", "oci:images:v1", "-o", "json").out)
    world.sbom = next(iter(sorted(set(digests_of(attached)) - set(world.digests.values()))))
    with QuirkyRegistry() as registry:
        world.slipway("copy", "-q", "--referrers", "oci:images:v1", f"{registry.host}/team/app:v1")
        for tag in TAGS:
            registry.tags["team/app"][tag] = world.digests["v1"]
        world.content = registry.content()
    return world.folder / "images"


def digests_of(value):
    if isinstance(value, dict):
        if isinstance(value.get("digest"), str):
            yield value["digest"]
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from digests_of(item)


def outcome_of(case):
    """The case when it ran, or what a command did wrong: all of them are reported."""
    try:
        return case.run()
    except Failure as failure:
        return failure


def table(cases):
    columns = (*OF_IMAGES, *OF_RELEASES)
    lines = ["| registry | " + " | ".join(f"`{name}`" for name in columns) + " |", "|---|" + "---|" * len(columns)]
    for quirk, case in cases.items():
        lines.append(f"| {QUIRKS[quirk] if quirk else 'none of these'} | " + " | ".join(case.cells[name] for name in columns) + " |")
    return "\n".join(lines) + "\n"


def test_every_quirk_meets_every_command(world):
    images = prepare(world)
    quirks = [quirk for quirk in [None, *QUIRKS] if os.environ.get("REGISTRIES_QUIRK", quirk) == quirk]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        started = {quirk: pool.submit(outcome_of, Case(world, quirk, images))
                   for quirk in sorted(quirks, key=lambda quirk: quirk not in SLOW)}
        ran = [started[quirk].result() for quirk in quirks]
    lies = [str(outcome) for outcome in ran if isinstance(outcome, Failure)]
    check(not lies, "no lie:\n" + "\n".join(lies))
    cases = dict(zip(quirks, ran))
    if os.environ.get("REGISTRIES_SHOW"):
        for quirk, case in cases.items():
            for command, said in case.said.items():
                if case.cells[command] != "ok":
                    print(f"-- {quirk}: {command}: {case.cells[command]}\n{said}")
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    old, tail = rest.split(END)
    new = table(cases)
    if os.environ.get("REGISTRIES_WRITE"):
        PAGE.write_text(head + BEGIN + new + END + tail)
        return
    shown = [line for line in old.splitlines() if len(cases) > 1 or line in new]
    check_equal(new.splitlines() if len(cases) > 1 else shown, shown, f"{PAGE.relative_to(ROOT)}; REGISTRIES_WRITE=1 writes it")
