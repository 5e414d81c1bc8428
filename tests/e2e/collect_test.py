"""docker-registry's own collection, with --delete-untagged, takes nothing that slipway promised to keep."""
import json
import re
import time

from carry_test import Raw, sign_by_hand
from harness import check, check_equal
from projects import Project


def collect(world, registry):
    """Stops the registry, collects what no tag names, starts it again; what the collector says it took."""
    registry.stop()
    ended = world.tool("docker-registry", "garbage-collect", "--delete-untagged", registry.folder / "config.yml")
    registry.start()
    return set(re.findall(r"manifest eligible for deletion: (sha256:[0-9a-f]{64})", ended.out + ended.err))


def everything(registry, repository, digest):
    """What is reachable from an image: itself, its children, what is attached to them, as digests that are there."""
    raw = Raw(registry.host, repository)
    found = {}
    document = raw.get(digest)
    for subject in [digest] + [child["digest"] for child in document.get("manifests", [])]:
        found[subject] = raw.get(subject) is not None
        for attached, kind in raw.referrers(subject).items():
            found[attached] = raw.get(attached) is not None
    return found


def test_a_collection_takes_nothing_that_is_kept(world):
    registry = world.registry()
    place = lambda name: f"{registry.host}/{name}/hello"
    project = Project(world, repository=place("team"), staging=place("staging"), production=place("prod"), settle="0s",
                      platforms=("amd64", "arm64"))
    digest = project.slipway("build", "--push", "--sbom", "spdx").digest
    team = Raw(registry.host, "team/hello")
    sign_by_hand(team, digest, len(team.send("GET", f"/manifests/{digest}")[2]))
    # Another tool's attachment is its own business where it was made; copies of it that slipway made are kept.
    bundle = next(one for one, kind in team.referrers(digest).items() if "bundle" in kind)
    team.manifest(team.get(bundle), "bundle")
    # "latest" moves on; what was built stays under its build tag.
    project.edition("second")
    second = project.slipway("build", "--push", "--sbom", "spdx").digest
    before = everything(registry, "team/hello", digest)
    check(len(before) >= 3 + 2 + 1 and all(before.values()), f"an index, two images, their SBOMs, a signature: {before}")
    collect(world, registry)
    check_equal(everything(registry, "team/hello", digest), before, "the first build after a collection")
    world.slipway("validate", f"{place('team')}@{digest}")

    project.slipway("release", "staging", f"{place('team')}@{digest}")
    project.slipway("promote", "staging", "production")
    project.slipway("release", "staging", f"{place('team')}@{second}")
    project.slipway("promote", "staging", "production")
    project.slipway("hold", "production")
    project.slipway("rollback", "production")
    before = {name: everything(registry, f"{name}/hello", digest) for name in ("staging", "prod")}
    check(all(len(found) >= 3 + 2 for found in before.values()), f"images, evidence and the bundle: {before}")
    collect(world, registry)
    check_equal({name: everything(registry, f"{name}/hello", digest) for name in ("staging", "prod")}, before,
                "environments after a collection")
    project.slipway("verify", "--all")
    project.slipway("doctor")
    world.slipway("validate", f"{place('prod')}:production")

    text = (project.folder / "slipway.yaml").read_text()
    world.write("project/slipway.yaml", text.replace("production.env}", "production.env, mode: layer}"))
    project.slipway("unhold", "production")
    project.slipway("release", "production", f"{place('team')}@{second}")
    collect(world, registry)
    project.slipway("verify", "--all")
    project.slipway("rollback", "production", "v1")
    world.slipway("copy", "-q", "--referrers", f"{place('team')}@{digest}", f"{place('elsewhere')}:v1")
    check(all(everything(registry, "elsewhere/hello", digest).values()), "a copy with its attachments")
    attached = {one for one in everything(registry, "elsewhere/hello", digest)} - {digest}
    collect(world, registry)
    raw = Raw(registry.host, "elsewhere/hello")
    kinds = {one: raw.get(one) for one in raw.referrers(digest)}
    check(all(kinds.values()), f"attachments of a copied image after a collection: {kinds}, {attached}")


def test_verify_sees_attachments_that_are_gone(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello", settle="0s")
    digest = project.build()
    project.slipway("release", "staging")
    raw = Raw(registry.host, "staging/hello")
    evidence = next(iter(raw.referrers(digest)))
    check_equal(raw.send("DELETE", f"/manifests/{evidence}")[0], 202, "the evidence is deleted behind slipway's back")
    ended = project.slipway("verify", "staging", status=12)
    check(f"{evidence} is listed as attached to {digest}" in ended.err, f"named in\n{ended}")
    check_equal(json.loads(project.slipway("doctor", "staging", "-o", "json", status=10).out)["environments"][0]["findings"][0]["check"],
                "missing-evidence", "what doctor finds")
    project.slipway("doctor", "staging", "--repair")
    project.slipway("verify", "staging")


def with_numbers(world, registry):
    project = Project(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello", settle="0s")
    text = (project.folder / "slipway.yaml").read_text()
    world.write("project/slipway.yaml", text.replace("  staging:\n", "  staging:\n    tags: ['{number}']\n"))
    digests = []
    for edition in ("first", "second", "third"):
        project.edition(edition)
        digests.append(project.build())
        project.slipway("release", "staging")
    return project, digests


def test_retire_frees_what_it_says(world):
    registry = world.registry()
    project, digests = with_numbers(world, registry)
    ended = project.slipway("retire", "staging", "--keep", "1")
    check("2 releases of staging retired" in ended.err, f"what it says\n{ended}")
    hex_of = [digest.removeprefix("sha256:") for digest in digests]
    tags = registry.tags("staging/hello")
    check(not [tag for tag in tags if tag in ("1", "2") or "-v1" in tag or "-v2" in tag or hex_of[0] in tag or hex_of[1] in tag],
          f"nothing of the first two in {tags}")
    check({"3", "staging", "hello.staging-v3"} <= set(tags), f"the third in {tags}")
    raw = Raw(registry.host, "staging/hello")
    check_equal([raw.get(digest) is not None for digest in digests], [False, False, True], "images that are there")
    project.slipway("rollback", "staging", "v1", status=13)
    project.slipway("verify", "staging")


def test_retire_records_nothing_where_nothing_can_be_deleted(world):
    registry = world.registry(delete=False)
    project, digests = with_numbers(world, registry)
    ended = project.slipway("retire", "staging", "--keep", "1", status=2)
    check("nothing was recorded" in ended.err, f"why\n{ended}")
    check_equal(project.slipway("rollback", "staging", "v1").digest, digests[0], "nothing was given up")


def test_builds_are_given_up_in_two_phases(world):
    registry = world.registry()
    project, digests = with_numbers(world, registry)
    project.edition("never released")
    unused = project.build()
    project.edition("newest")
    newest = project.build()
    give_up = ("retire", "--builds", "--age", "1s", "--wait", "0s", "--keep", "1", "--only-ledgers", "-o", "json")
    project.slipway("retire", "--builds", status=2)
    project.slipway("retire", "--builds", "--only-ledgers")  # --keep has a default
    check("needs --keep N" in project.slipway("retire", "staging", status=2).err, "the option that is missing")
    time.sleep(1.1)
    first = project.slipway(*give_up).document
    check_equal((first["marked"], first["removed"]), ([unused], []), "the first run")
    second = project.slipway(*give_up).document
    check_equal((second["marked"], second["removed"]), ([], [unused]), "the second run")
    raw = Raw(registry.host, "team/hello")
    check_equal([raw.get(digest) is not None for digest in (*digests, unused, newest)], [True] * 3 + [False, True], "builds")
    check_equal([tag for tag in registry.tags("team/hello") if unused[7:19] in tag], [], "its tags")
