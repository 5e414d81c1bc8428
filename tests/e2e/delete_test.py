"""Deleting in registries that know tags, digests or nothing at all; what a ledger has live stays."""
import json

from harness import check, check_equal, layout_tags
from projects import Project


def test_what_a_ledger_has_live_is_not_deleted(world):
    registry = world.registry()
    place = f"{registry.host}/team/hello"
    project = Project(world, repository=place, platforms=("amd64", "arm64"))
    first, second = project.ship("first"), project.ship("second")
    for reference in (f"{place}:production", f"{place}:hello.production-v2", f"{place}@{second}"):
        ended = project.slipway("delete", reference, status=11)
        check("production of hello runs" in ended.err, f"who runs it in\n{ended}")
    children = json.loads(registry.get(f"/v2/team/hello/manifests/{second}", "application/vnd.oci.image.index.v1+json")[2])
    tag = "hello.production-v2-linux-amd64"
    check_equal(registry.digest_of("team/hello", tag), children["manifests"][0]["digest"], "a platform of it")
    check("a part of what production" in project.slipway("delete", f"{place}:{tag}", status=11).err, "parts to be kept")
    records = [name for name in registry.tags("team/hello-releases") if ".v1." in name]
    check("a record of the ledger" in project.slipway("delete", f"{place}-releases:{records[0]}", status=11).err, "records")
    # From another folder slipway.yaml is not found: the evidence beside the image names the ledger.
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    ended = world.slipway("delete", f"{place}@{second}", cwd=elsewhere, status=11)
    check("production of hello runs" in ended.err, f"who runs it in\n{ended}")
    check_equal(registry.digest_of("team/hello", "production"), second, "production")
    check_equal(registry.digest_of("team/hello", "hello.production-v1"), first, "v1")


def test_this_registry_deletes_a_tag_with_its_manifest_only(world):
    registry = world.registry()
    place = f"{registry.host}/team/app"
    for tag in ("a", "b"):
        world.write(tag, tag)
        world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", f"{tag}:/x", "--to", f"{place}:{tag}")
    digests = {tag: registry.digest_of("team/app", tag) for tag in ("a", "b")}
    world.slipway("tag", f"{place}:a", "twin")
    ended = world.slipway("delete", f"{place}:twin", status=2)
    check("cannot delete a tag alone" in ended.err and " a:" in ended.err, f"why and what else it is in\n{ended}")
    check("twin" in world.slipway("delete", f"{place}@{digests['a']}", status=16).err, "the tags that have it")
    check_equal(registry.digest_of("team/app", "twin"), digests["a"], "the tag")
    world.slipway("delete", f"{place}:b@{digests['a']}", status=16)
    check_equal(world.slipway("delete", "--dry-run", f"{place}:b").lines, [f"{place}:b@{digests['b']}"], "a dry run")
    check_equal(registry.digest_of("team/app", "b"), digests["b"], "b after a dry run")
    check_equal(world.slipway("delete", f"{place}:b").lines, [f"{place}:b@{digests['b']}"], "what was deleted")
    check_equal(registry.digest_of("team/app", "b"), None, "b")
    check_equal(registry.digest_of("team/app", "a"), digests["a"], "a")
    world.slipway("delete", f"{place}:b", status=13)
    world.slipway("delete", place, status=2)


def test_layouts_and_registries_that_forbid_it(world):
    world.write("x", "x")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "x:/x", "--to", "oci:out:v1")
    world.slipway("tag", "oci:out:v1", "v2")
    world.slipway("delete", "oci:out:v1")
    check_equal(list(layout_tags(world.folder / "out")), ["v2"], "tags left")
    place = f"{world.registry(delete=False).host}/team/app:v1"
    world.slipway("copy", "oci:out:v2", place)
    check("does not allow deleting" in world.slipway("delete", place, status=2).err, "why not")


def test_referrers_are_listed(world):
    registry = world.registry()
    place = f"{registry.host}/team/hello"
    project = Project(world, repository=place)
    project.ship("first")
    lines = project.slipway("referrers", f"{place}:production").lines
    check(lines and all("application/vnd.slipway.release.v1+json" in line for line in lines), f"releases in {lines}")
    document = project.slipway("referrers", "-o", "json", f"{place}:production").document
    check_equal(document["schema"], "slipway/v1/referrers", "the schema")
    check_equal([entry["digest"] for entry in document["referrers"]], [line.split()[0] for line in lines], "digests")
    check_equal(project.slipway("referrers", "--artifact-type", "a/b", f"{place}:production").lines, [], "another type")
