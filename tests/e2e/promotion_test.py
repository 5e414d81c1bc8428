"""One build through three environments in three repositories on two registries: nothing is rebuilt, little is moved."""
import json

from harness import BLOB_WRITES, check, check_equal
from projects import Project


def three_environments(world):
    near, far = world.registry(), world.registry()
    project = Project(world, repository=f"{near.host}/team/hello", staging=f"{near.host}/staging/hello",
                      production=f"{near.host}/prod/hello")
    text = (project.folder / "slipway.yaml").read_text()
    world.write("project/slipway.yaml", text + f"""\
  abroad:
    after: [production]
    repository: "{far.host}/abroad/hello"
    config: {{env-file: deploy/production.env}}
""")
    return project, near, far


def since(registry, before):
    return registry.requests()[len(before):]


def blob_puts(requests):
    return [path for method, path, _ in requests if method in ("PUT", "PATCH") and "/blobs/" in path]


def test_build_once_promote_twice_and_verify(world):
    project, near, far = three_environments(world)
    digest = project.build()
    check_equal(project.slipway("release", "staging").digest, digest, "staging")
    check_equal(project.slipway("promote", "staging", "production").digest, digest, "production")
    check_equal(project.slipway("promote", "production", "abroad").digest, digest, "abroad, on the other registry")
    for registry, repository, tag in ((near, "staging/hello", "staging"), (near, "prod/hello", "production"),
                                      (far, "abroad/hello", "abroad")):
        check_equal(registry.digest_of(repository, tag), digest, f"what {repository}:{tag} is")
    proofs = project.slipway("verify", "--all", "-o", "json").document["environments"]
    check_equal([(proof["environment"], proof["releases"], proof["valid"], proof["build"]) for proof in proofs],
                [(name, 1, True, digest) for name in ("staging", "production", "abroad")], "the proofs")
    # A change of config alone moves no byte of the image.
    world.write("project/deploy/production.env", "GREETING=changed\n")
    before = near.requests()
    check_equal(project.slipway("release", "production", "--same-build").digest, digest, "the changed config")
    check_equal([path for path in blob_puts(since(near, before)) if "/prod/" in path], [], "blobs sent to production")
    # A new build all the way, and back again.
    project.edition("second")
    second = project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    check_equal(project.slipway("rollback", "production").digest, digest, "the rollback")
    check_equal(near.digest_of("prod/hello", "production"), digest, "production's tag")
    check_equal([row["build"] for row in project.history("production")], [digest, second, digest, digest], "builds in history")
    for name in ("staging", "production", "abroad"):
        project.slipway("verify", name)
    # Without slipway.yaml, by the evidence beside the image alone.
    out = world.slipway("verify", f"{far.host}/abroad/hello:abroad", "-o", "json").document
    check_equal([(row["environment"], row["number"], row["build"]) for row in out["releases"]], [("abroad", 1, digest)],
                "the releases of an image")


def test_the_ledger_adds_few_requests(world):
    project, near, _ = three_environments(world)
    project.ship("first")
    project.edition("second")
    project.build()
    project.slipway("release", "staging")
    before = near.requests()
    project.slipway("promote", "staging", "production")
    sent = since(near, before)
    layers = 2
    # A copy takes: ping, see and read the manifest, is it there, a mount a blob, put and see it.
    copy = 1 + 2 + 1 + (layers + 1) + 2
    # The ledger adds 16; proofs before and after the commit 5 (the previous entry, the config and its blob, the image,
    # the entry as it can be read), the intent that decides between writers 5 (list, blob of one record, tag, list).
    ledger, proofs, intent = 16, 5, 5
    # Attachments: the API, the list in its place, cosign's two tags; and the tag that keeps the evidence.
    attached = 4 + 1
    world.note(f"a promotion of {layers} layers takes {len(sent)} requests, {copy} of them those of a copy")
    most = copy + ledger + proofs + intent + attached
    check(len(sent) <= most, f"at most {most} requests, not {len(sent)}:\n" + "\n".join(map(str, sent)))
    check_equal([path for path in blob_puts(sent) if "/prod/" in path], [], "blobs sent inside one registry")
    check(all(method in ("GET", "HEAD", *BLOB_WRITES) for method, _, _ in sent), "no other methods")
    before = near.requests()
    project.status()
    check(len(since(near, before)) <= 1 + 3 * 3, f"three requests an environment, not {since(near, before)}")


def test_verify_names_what_is_wrong(world):
    project, near, _ = three_environments(world)
    digest = project.ship("first")
    manifest = json.loads(near.get(f"/v2/prod/hello/manifests/{digest}", "application/vnd.oci.image.manifest.v1+json")[2])
    layer = manifest["layers"][1]["digest"]
    hexed = layer.split(":")[1]
    path = near.data / "docker/registry/v2/blobs/sha256" / hexed[:2] / hexed / "data"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    ended = project.slipway("verify", "production", status=12)
    check("layer 2 of v1 of production" in ended.err and layer in ended.err, f"the layer to be named in\n{ended}")
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    project.slipway("verify", "production")
    # The newest entry removed: the evidence beside the image and the memory of this machine both tell.
    tags = near.data / "docker/registry/v2/repositories/team/hello-releases/_manifests/tags"
    (entry,) = [path for path in tags.iterdir() if path.name.startswith("hello.production.v1.")]
    entry.rename(world.folder / "removed")
    ended = project.slipway("verify", "production", status=12, env={"XDG_STATE_HOME": str(world.folder / "nothing")})
    check("evidence of release v1" in ended.err, f"the removed entry to be named in\n{ended}")
    ended = project.slipway("verify", "production", status=12)
    check("this machine saw" in ended.err, f"what this machine saw to be named in\n{ended}")


def with_policy(project, rules):
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text().replace("    after: [staging]\n", f"    after: [staging]\n    policy: {rules}\n", 1))


def test_nobody_approves_what_is_their_own(world):
    project, near, _ = three_environments(world)
    with_policy(project, "{approvals: 1}")
    ann, bob = dict(env={"SLIPWAY_ACTOR": "ann"}), dict(env={"SLIPWAY_ACTOR": "bob"})
    digest = project.build()
    project.slipway("release", "staging", **ann)
    ended = project.slipway("promote", "staging", "production", status=11, **ann)
    check("needs an approval of others than ann" in ended.err, f"to hear what is missing in\n{ended}")
    check_equal(near.digest_of("prod/hello", "production"), None, "production's tag")
    planned = project.slipway("promote", "staging", "production", "--plan", "plan.json", **ann)
    check_equal(planned.digest, digest, "what the plan is about")
    check("slipway approve production" in planned.err, f"the way on in\n{planned}")
    project.slipway("approve", "plan.json", status=11, **ann)
    project.slipway("apply", "plan.json", status=11, **ann)
    approval = project.slipway("approve", "plan.json", "--reason", "looked at it", **bob)
    check(f"{near.host}/team/hello-releases:hello.production.e." in approval.out, f"where it is recorded in\n{approval}")
    check_equal(project.slipway("apply", "plan.json", **ann).digest, digest, "what is applied")
    # A change of the rules ends a plan, whoever approved it.
    project.edition("second")
    project.build()
    project.slipway("release", "staging", **ann)
    project.slipway("promote", "staging", "production", "--plan", "plan.json", **ann)
    project.slipway("approve", "production", **bob)
    with_policy(project, "{approvals: 2}")
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text().replace("    policy: {approvals: 1}\n", ""))
    check("policy changed" in project.slipway("apply", "plan.json", status=16, **ann).err, "the plan to be stale")


def test_a_hold_is_shown_and_kept(world):
    project, _, _ = three_environments(world)
    first = project.ship("first")
    second = project.ship("second")
    project.slipway("hold", "production", "--reason", "incident 7")
    ended = project.slipway("status")
    check("HELD by" in ended.out and "incident 7" in ended.out, f"the hold in\n{ended}")
    project.edition("third")
    project.build()
    project.slipway("release", "staging")
    check("slipway unhold production" in project.slipway("promote", "staging", "production", status=11).err, "the way out")
    check_equal(project.slipway("rollback", "production").digest, first, "a rollback in spite of it")
    project.slipway("unhold", "production")
    row = next(row for row in project.slipway("status", "-o", "json").document["apps"][0]["environments"]
               if row["environment"] == "production")
    check_equal((row["hold"], row["digest"]), (None, first), "production")
    check(project.slipway("promote", "staging", "production").digest not in (first, second), "the third to be there")
    ended = project.slipway("unhold", "production")
    check("nothing to do" in ended.err and not ended.out, f"no second time in\n{ended}")


def test_a_program_has_its_say(world):
    project, _, _ = three_environments(world)
    with_policy(project, "{exec: [./deploy/check, production]}")
    world.write("project/deploy/check", '#!/bin/sh\ncat > input.json\necho \'{"allow": false, "reasons": ["no ticket"]}\'\n', 0o755)
    digest = project.build()
    project.slipway("release", "staging")
    ended = project.slipway("promote", "staging", "production", status=11)
    check("./deploy/check says: no ticket" in ended.err, f"its reason in\n{ended}")
    check_equal(json.loads((project.folder / "input.json").read_text())["plan"]["entry"]["build"]["digest"], digest, "its input")
    ended = project.slipway("promote", "staging", "production", "--bypass", "exec", "--reason", "boss said so")
    check_equal(ended.digest, digest, "in spite of it")
    check("boss said so" in project.slipway("history", "production").out, "the bypass in history")


def test_old_releases_are_given_up(world):
    project, near, _ = three_environments(world)
    digests = [project.ship(text) for text in ("first", "second", "third", "fourth")]
    seen = project.slipway("retire", "production", "--keep", "2", "--dry-run")
    check("2 releases" in seen.err and near.digest_of("prod/hello", "hello.production-v1"), f"nothing gone in\n{seen}")
    project.slipway("retire", "production", "--keep", "2")
    check_equal([near.digest_of("prod/hello", f"hello.production-v{n}") for n in (1, 2, 3, 4)], [None, None, *digests[2:]], "keep tags")
    check_equal(len(project.history("production")), 4, "entries in the ledger")
    project.slipway("rollback", "production", "v1", status=13)
    check_equal(project.slipway("rollback", "production").digest, digests[2], "a rollback to what is left")
    check("nothing to retire" in project.slipway("retire", "production", "--keep", "9").err, "no second time")
    project.slipway("verify", "production")


def test_releases_are_compared_with_their_configs(world):
    project, _, _ = three_environments(world)
    project.ship("first")
    project.edition("second")
    project.build()
    project.slipway("release", "staging")
    ended = project.slipway("diff", "production", "staging", "--exit-code", status=10)
    check("GREETING: hello from production -> hello from staging" in ended.out and "PORT: only in A: 8080" in ended.out,
          f"the config's keys in\n{ended}")
    check("/usr/bin/app" in ended.out, f"the file that differs in\n{ended}")
    keys = project.slipway("diff", "production", "staging", "-o", "json").document["config"]
    check_equal([key["key"] for key in keys], ["GREETING", "PORT"], "the keys")
    ended = project.slipway("diff", "staging@v1", "staging@v2")
    check("the configs are the same" in ended.out, f"the same config in\n{ended}")
    check("1 behind staging" in project.slipway("status").out, "how far production is behind")


def test_a_moved_repository_is_followed_by_one_command(world):
    project, near, _ = three_environments(world)
    digest = project.ship("first")
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text().replace("/prod/hello", "/moved/hello"))
    check("--relocate" in project.slipway("status").out, "the command that moves it, in status")
    project.slipway("release", "production", "--relocate", "--plan", "plan.json")
    check_equal(near.digest_of("moved/hello", "production"), None, "the tag before the plan is applied")
    project.slipway("apply", "plan.json")
    check_equal(near.digest_of("moved/hello", "production"), digest, "the tag at the new place")
    check_equal([row["kind"] for row in project.history("production")], ["config", "promote"], "kinds")
    project.slipway("verify", "production")
    project.slipway("release", "production", "--relocate", status=2)


def test_the_fence_is_raised_once(world):
    project, near, _ = three_environments(world)
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text() + "ledger: {edition: 2, settle: 1s}\n")
    project.ship("first")
    project.ship("second")
    status = project.slipway("status", "-o", "json").document["apps"][0]
    check_equal(status["guarantee"], "bounded", "the guarantee")
    events = [tag for tag in near.tags("team/hello-releases") if ".e." in tag]
    check_equal(sorted(tag.split(".e.")[0] for tag in events), ["hello.production", "hello.staging"], "a fence each")
    project.slipway("verify", "--all")
