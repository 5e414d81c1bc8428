"""release, promote, pin, status, history, rollback on layouts: the road of the quickstart, looked at closely."""
import json

from harness import check, check_equal, layout_blob, layout_index, layout_tags
from projects import KUBERNETES, Project
import schemas


def test_the_main_job(world):
    project = Project(world)
    images = project.folder / "images"
    digest = project.build()
    check_equal(project.slipway("release", "staging").out, f"oci:images:staging@{digest}\n", "release's line")
    check_equal(project.slipway("promote", "staging", "production").out, f"oci:images:production@{digest}\n", "promote's line")
    tags = layout_tags(images)
    for tag in ("staging", "production", "hello.staging-v1", "hello.production-v1", f"build-{digest[7:19]}"):
        check_equal(tags.get(tag), digest, f"the tag {tag}")
    rows = project.history("production")
    check_equal([(row["number"], row["kind"], row["digest"], row["build"], row["actor"], row["active"]) for row in rows],
                [(1, "promote", digest, digest, "e2e", True)], "history of production")
    check_equal(project.slipway("env", "production").out, "GREETING=hello from production\nPORT=8080\n", "env")
    schemas.validate_layout(images)
    schemas.validate_layout(project.folder / "images-releases")


def test_rollback_moves_the_tag_and_adds_an_entry(world):
    project = Project(world)
    first, second = project.ship("first"), project.ship("second")
    check(first != second, "two builds")
    ended = project.slipway("rollback", "production", "--reason", "errors")
    check_equal(ended.out, f"oci:images:production@{first}\n", "rollback's line")
    check_equal(layout_tags(project.folder / "images")["production"], first, "the tag of production")
    check_equal(layout_tags(project.folder / "images")["staging"], second, "the tag of staging, which stays")
    rows = project.history("production")
    check_equal([(row["number"], row["kind"], row["digest"], row["active"]) for row in rows],
                [(3, "rollback", first, True), (2, "promote", second, False), (1, "promote", first, False)], "history")
    check_equal(rows[0]["reason"], "errors", "the reason")
    check_equal(project.slipway("history", "production").out.count("\n"), 3, "lines of history")
    # The newest earlier release that was never rolled back from is none now: v2 was left, v1 is what runs.
    project.slipway("rollback", "production", status=13)
    check_equal(project.slipway("rollback", "production", "v2").digest, second, "rollback to v2 by its number")
    check_equal(project.history("production")[0]["number"], 4, "the next number")


def test_the_ledger_is_a_chain_of_canonical_entries(world):
    project = Project(world)
    project.ship("first")
    project.ship("second")
    ledger = project.folder / "images-releases"
    entries = {}
    for tag, digest in layout_tags(ledger).items():
        if not tag.startswith("hello.production.v"):
            continue
        manifest = json.loads(layout_blob(ledger, digest))
        check_equal(manifest["artifactType"], "application/vnd.slipway.release.v1+json", "artifactType")
        raw = layout_blob(ledger, manifest["config"]["digest"])
        entry = json.loads(raw)
        check_equal(json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), raw,
                    "the entry's bytes, which are canonical")
        entries[entry["number"]] = (manifest["config"]["digest"], entry, tag)
    check_equal(sorted(entries), [1, 2], "the numbers")
    check("prev" not in entries[1][1], "no prev in the first entry")
    check_equal(entries[2][1]["prev"], entries[1][0], "prev of the second")
    for number, (identity, _, tag) in entries.items():
        check_equal(tag, f"hello.production.v{number}.{identity[7:19]}", "the tag of an entry")


def test_nothing_to_do_is_said_and_done(world):
    project = Project(world)
    digest = project.ship("first")
    index = (project.folder / "images/index.json").read_bytes()
    for argv in (["release", "staging"], ["promote", "staging", "production"]):
        ended = project.slipway(*argv)
        check_equal(ended.digest, digest, f"the digest of a repeated {argv[0]}")
    check_equal((project.folder / "images/index.json").read_bytes(), index, "index.json")
    check_equal(len(project.history("staging")), 1, "releases of staging")


def test_a_change_of_config_is_a_release(world):
    project = Project(world)
    digest = project.ship("first")
    world.write("project/deploy/production.env", "GREETING=changed\n")
    check_equal(project.slipway("release", "production", "--same-build").digest, digest, "the same build")
    rows = project.history("production")
    check_equal([row["kind"] for row in rows], ["config", "promote"], "kinds")
    check(rows[0]["config"] != rows[1]["config"], "another config digest")
    check_equal(project.slipway("env", "production").out, "GREETING=changed\n", "env of the active release")
    check_equal(project.slipway("env", "production@v1").out, "GREETING=hello from production\nPORT=8080\n", "env of v1")


def test_promote_takes_the_ledger_not_the_tag(world):
    project = Project(world)
    first = project.ship("first")
    project.edition("second")
    second = project.build()
    # Somebody moves staging's tag by hand; the ledger knows better, and says so.
    project.slipway("tag", f"oci:images@{second}", "staging")
    check_equal(project.slipway("promote", "staging", "production").digest, first, "what is promoted")
    check_equal(layout_tags(project.folder / "images")["production"], first, "production")
    check_equal(project.status()["staging"]["drift"], True, "drift of staging")
    project.slipway("release", "staging", status=16)
    check_equal(layout_tags(project.folder / "images")["staging"], second, "the tag that somebody moved, which stays")


def test_after_is_kept(world):
    project = Project(world)
    project.build()
    ended = project.slipway("release", "production", status=11)
    check("staging" in ended.err, f"the environment that comes first to be named in\n{ended}")
    check_equal(layout_tags(project.folder / "images").get("production"), None, "production's tag")
    project.slipway("release", "production", "--bypass", "an emergency")
    check_equal(project.history("production")[0]["bypass"], "an emergency", "the recorded bypass")


def test_pin_changes_the_reference_and_no_other_byte(world):
    project = Project(world)
    digest = project.ship("first")
    path = project.folder / "deploy/kubernetes.yaml"
    shown = project.slipway("pin", "--env", "production", "--check", path, status=10).out
    check("+        image: registry.example.com/team/hello:" in shown and digest in shown, f"a diff, not\n{shown}")
    check_equal(path.read_text(), KUBERNETES, "the file after --check")
    check_equal(project.slipway("pin", "--env", "production", path).out, f"{path}\n", "the changed files, as they were named")
    before, after = KUBERNETES.splitlines(True), path.read_text().splitlines(True)
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    check_equal(changed, [9], "lines that differ")
    check(after[9].startswith("        image: registry.example.com/team/hello:") and f"@{digest} # and this one" in after[9],
          f"the pinned reference, not {after[9]}")
    check_equal(project.slipway("pin", "--env", "production", path).out, "", "a second pin, which changes nothing")
    project.slipway("pin", "--env", "production", "--check", path)
    other = project.folder / "deploy/other.yaml"
    other.write_text(KUBERNETES.replace("team/hello", "team/other"))
    ended = project.slipway("pin", "--env", "production", "--check", other, status=10)
    check("no image reference in these files names app hello (" in ended.err, f"the reason of 10 in\n{ended}")
    ended = project.slipway("pin", "--env", "production", other)
    check("no image reference in these files names app hello (" in ended.err, f"a note in\n{ended}")
    project.slipway("pin", "--env", "production", "--check", path, other)


def test_plan_then_apply(world):
    project = Project(world)
    digest = project.build()
    project.slipway("release", "staging")
    before = (project.folder / "images/index.json").read_bytes()
    project.slipway("promote", "staging", "production", "--plan", "plan.json")
    check_equal((project.folder / "images/index.json").read_bytes(), before, "index.json after --plan")
    check_equal(project.slipway("apply", "plan.json").digest, digest, "apply")
    project.edition("second")
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production", "--plan", "stale.json")
    project.slipway("promote", "staging", "production")
    project.edition("third")
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    ended = project.slipway("apply", "stale.json", status=16)
    check("plan" in ended.err, f"the plan to be named in\n{ended}")


def test_dry_run_writes_nothing(world):
    project = Project(world)
    ended = project.slipway("build", "--push", "--dry-run")
    check(not (project.folder / "images").exists(), "no layout after build --dry-run")
    check_equal(project.build(), ended.digest, "the digest that the dry run printed")
    project.slipway("release", "staging", "--dry-run")
    check_equal(layout_tags(project.folder / "images").get("staging"), None, "staging after --dry-run")
    project.slipway("release", "staging")
    files = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    project.slipway("promote", "staging", "production", "--dry-run")
    now = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    check_equal({path for path in now if now[path] != files.get(path)}, set(), "files written by promote --dry-run")


def test_environments_may_have_layouts_of_their_own(world):
    project = Project(world, staging="oci:./stage", production="oci:./prod", platforms=("amd64", "arm64"))
    digest = project.ship("first")
    for name, tag in (("images", "latest"), ("stage", "staging"), ("prod", "production")):
        check_equal(layout_tags(project.folder / name)[tag], digest, f"{name}:{tag}")
        schemas.validate_layout(project.folder / name)
        project.slipway("validate", f"oci:{name}")
    index = json.loads(layout_blob(project.folder / "prod", digest))
    check_equal(len(index["manifests"]), 2, "platforms in production")


def test_evidence_points_to_the_image(world):
    project = Project(world)
    digest = project.ship("first")
    images = project.folder / "images"
    subjects = []
    for descriptor in layout_index(images)["manifests"]:
        manifest = json.loads(layout_blob(images, descriptor["digest"]))
        if manifest.get("artifactType") == "application/vnd.slipway.release.v1+json":
            subjects.append(manifest["subject"]["digest"])
    check_equal(subjects, [digest, digest], "subjects of the evidence of two releases")
