"""Promotion in and between real registries and layouts, with every request counted; credentials."""
import base64
import json

from harness import BLOB_WRITES, check, check_equal, layout_tags
from projects import Project
import schemas


def blob_traffic(requests):
    """The requests that carry the bytes of blobs, or would: uploads (mounts aside) and downloads."""
    moved = []
    for method, path, status in requests:
        upload = "/blobs/uploads/" in path
        mounted = method == "POST" and upload and "mount=" in path and status == 201
        if upload and method in BLOB_WRITES and not mounted:
            moved.append((method, path, status))
        elif method == "GET" and "/blobs/sha256:" in path:
            moved.append((method, path, status))
    return moved


def test_promoting_inside_one_repository_moves_no_blob(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello")
    digest = project.build()
    check(len(blob_traffic(registry.requests())) >= 6, "the first push to be seen moving two layers and a config")
    project.slipway("release", "staging")
    before = len(registry.requests())
    check_equal(project.slipway("promote", "staging", "production").digest, digest, "the promoted digest")
    check_equal(registry.digest_of("team/hello", "production"), digest, "production in the registry")
    during = registry.requests()[before:]
    check(during, "some requests to be counted")
    # The ledger and the evidence beside the image are records of some hundred bytes, not the image.
    image = {layer["digest"] for layer in manifest(registry, "team/hello", digest)["layers"]}
    image.add(manifest(registry, "team/hello", digest)["config"]["digest"])
    for method, path, _ in blob_traffic(during):
        check(not any(name in path or name.replace(":", "%3A") in path for name in image), f"no {method} {path}")
    check_equal([path for method, path, _ in during if "/manifests/" in path and method == "PUT" and path.endswith("/production")],
                ["/v2/team/hello/manifests/production"], "writes of the tag")


def manifest(registry, repository, reference):
    return json.loads(registry.get(f"/v2/{repository}/manifests/{reference}", "application/vnd.oci.image.manifest.v1+json")[2])


def test_promoting_between_repositories_of_one_registry_mounts(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello",
                      production=f"{registry.host}/prod/hello")
    digest = project.build()
    project.slipway("release", "staging")
    before = len(registry.requests())
    check_equal(project.slipway("promote", "staging", "production").digest, digest, "the promoted digest")
    during = registry.requests()[before:]
    mounts = [path for method, path, status in during if method == "POST" and "mount=" in path and status == 201]
    image = manifest(registry, "prod/hello", digest)
    blobs = {layer["digest"] for layer in image["layers"]} | {image["config"]["digest"]}
    check(len(mounts) >= len(blobs), f"{len(blobs)} mounts, not {mounts}")
    moved = [path for _, path, _ in blob_traffic(during) if any(name.replace(":", "%3A") in path or name in path for name in blobs)]
    check_equal(moved, [], "blobs of the image that were moved")


def test_an_index_is_promoted_by_mounts_alone(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello",
                      platforms=("amd64", "arm64"))
    digest = project.build()
    project.slipway("release", "staging")
    before = len(registry.requests())
    check_equal(project.slipway("promote", "staging", "production").digest, digest, "the promoted digest")
    during = registry.requests()[before:]
    index = json.loads(registry.get(f"/v2/prod/hello/manifests/{digest}", "application/vnd.oci.image.index.v1+json")[2])
    images = [manifest(registry, "prod/hello", child["digest"]) for child in index["manifests"]]
    check_equal(len(images), 2, "platforms in production")
    blobs = {blob["digest"][7:] for image in images for blob in [image["config"], *image["layers"]]}
    moved = [path for _, path, _ in blob_traffic(during) if any(name in path for name in blobs)]
    check_equal(moved, [], "blobs of the images that were moved")
    mounted = {name for name in blobs for method, path, status in during
               if method == "POST" and "mount=" in path and name in path and status == 201}
    check_equal(mounted, blobs, "blobs that were mounted")
    for tag in ("hello.production-v1", "production"):
        check_equal(registry.digest_of("prod/hello", tag), digest, f"the digest of {tag}")
    # This registry collects untagged children of a tagged index: each has a tag of its own.
    for child in index["manifests"]:
        tag = f"hello.production-v1-linux-{child['platform']['architecture']}"
        check_equal(registry.digest_of("prod/hello", tag), child["digest"], f"the digest of {tag}")


def test_the_tag_is_the_last_thing_a_push_writes(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", platforms=("amd64", "arm64"))
    digest = project.slipway("build", "--to", f"{registry.host}/team/hello:v1").digest
    writes = [(method, path) for method, path, status in registry.requests() if method in ("PUT", "PATCH")]
    check_equal(writes[-1], ("PUT", "/v2/team/hello/manifests/v1"), "the last write")
    manifests = [path for method, path in writes if "/manifests/" in path]
    check_equal(len(manifests), 3, f"manifests written: two platforms and the index, not {manifests}")
    check_equal(registry.digest_of("team/hello", "v1"), digest, "the tag")


def test_a_second_push_sends_nothing(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello")
    project.build()
    before = len(registry.requests())
    project.build()
    check_equal(blob_traffic(registry.requests()[before:]), [], "blobs that a repeated push moved")


def test_between_two_registries(world):
    source, destination = world.registry(), world.registry()
    project = Project(world, repository=f"{source.host}/team/hello", production=f"{destination.host}/prod/hello",
                      platforms=("amd64", "arm64"))
    first, second = project.ship("first"), project.ship("second")
    check_equal(destination.digest_of("prod/hello", "production"), second, "production in the other registry")
    check_equal(destination.digest_of("prod/hello", "hello.production-v1"), first, "the keep tag of v1")
    check_equal(project.slipway("rollback", "production").digest, first, "rollback")
    check_equal(destination.digest_of("prod/hello", "production"), first, "production after the rollback")
    check_equal([row["kind"] for row in project.history("production")], ["rollback", "promote", "promote"], "history")


def test_layout_registry_layout(world):
    registry = world.registry()
    project = Project(world, repository="oci:./images", staging=f"{registry.host}/stage/hello", production="oci:./prod",
                      platforms=("amd64", "arm64"))
    digest = project.ship("first")
    check_equal(registry.digest_of("stage/hello", "staging"), digest, "staging in the registry")
    check_equal(layout_tags(project.folder / "prod")["production"], digest, "production in the layout")
    for argv in (["validate", "oci:prod:production"], ["validate", f"{registry.host}/stage/hello:staging"]):
        project.slipway(*argv)
    schemas.validate_layout(project.folder / "prod")
    check_equal(project.slipway("ls", f"{registry.host}/stage/hello").lines, registry.tags("stage/hello"), "ls")


def test_what_the_ledger_says_survives_a_new_checkout(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello")
    first, second = project.ship("first"), project.ship("second")
    world.tool("rm", "-rf", project.folder / ".slipway", world.home / ".cache", world.home / ".local")
    check_equal([row["digest"] for row in project.history("production")], [second, first], "history from the registry alone")
    check_equal(project.slipway("rollback", "production").digest, first, "rollback from the registry alone")


def secured(world):
    """A registry with one user, and an --authfile for it."""
    passwords = world.write("htpasswd", world.tool("htpasswd", "-Bbn", "robot", "s3cr3t").out.strip() + "\n")
    registry = world.registry(htpasswd=passwords)
    entry = lambda user, password: {"auths": {registry.host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}}
    good = world.write("good.json", json.dumps(entry("robot", "s3cr3t")), 0o600)
    bad = world.write("bad.json", json.dumps(entry("robot", "wr0ng")), 0o600)
    return registry, good, bad


def test_basic_credentials(world):
    registry, good, bad = secured(world)
    project = Project(world, repository=f"{registry.host}/team/hello")
    ended = project.slipway("build", "--push", status=14)
    check(registry.host in ended.err and "hint" in ended.err, f"the registry and a next step in\n{ended}")
    ended = project.slipway("build", "--push", "--authfile", bad, status=14)
    check("wr0ng" not in ended.out + ended.err and base64.b64encode(b"robot:wr0ng").decode() not in ended.err,
          "no password in any output")
    digest = project.slipway("build", "--push", "--authfile", good).digest
    check_equal(project.slipway("digest", f"{registry.host}/team/hello:latest", "--authfile", good).out, digest + "\n", "digest")
    project.slipway("digest", f"{registry.host}/team/hello:nothing", "--authfile", good, status=13)
    project.slipway("digest", f"{registry.host}/team/hello:latest", status=14)
    project.slipway("digest", f"{registry.host}/team/hello:latest", env={"REGISTRY_AUTH_FILE": str(good)})
    world.write("docker/config.json", good.read_bytes())
    project.slipway("digest", f"{registry.host}/team/hello:latest", env={"DOCKER_CONFIG": str(world.folder / "docker")})
    project.slipway("digest", f"{registry.host}/team/hello:latest", env={"DOCKER_AUTH_CONFIG": good.read_text()})
    check_equal(project.slipway("release", "staging", "--authfile", good).digest, digest, "release with credentials")


def test_verbose_output_keeps_secrets(world):
    registry, good, _ = secured(world)
    world.write("file", "content")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/file", "--to",
                  f"{registry.host}/team/hello:v1", "--authfile", good)
    ended = world.slipway("ls", f"{registry.host}/team/hello", "-vvv", "--authfile", good)
    check_equal(ended.lines, ["v1"], "the tags, which a login alone shows")
    for secret in ("s3cr3t", base64.b64encode(b"robot:s3cr3t").decode()):
        check(secret not in ended.out + ended.err, f"no credentials in\n{ended}")


def test_credentials_for_one_side(world):
    registry, good, _ = secured(world)
    Project(world)
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "project/data/list:/list", "--to",
                  "oci:out:v1")
    world.slipway("copy", "oci:out:v1", f"{registry.host}/team/hello:v1", "--src-authfile", good, status=14)
    digest = world.slipway("copy", "oci:out:v1", f"{registry.host}/team/hello:v1", "--dest-authfile", good).digest
    check_equal(layout_tags(world.folder / "out")["v1"], digest, "the digest")


def test_login_is_checked_and_kept_where_skopeo_finds_it(world):
    htpasswd = world.write("htpasswd", world.tool("htpasswd", "-Bbn", "ci", "s3cret").out)
    registry = world.registry(htpasswd=htpasswd)
    authfile = world.folder / "auth.json"
    words = ("login", registry.host, "-u", "ci", "--password-stdin", "--authfile", authfile)
    refused = world.slipway(*words, input=b"wrong\n", status=14)
    check("wrong" not in refused.out + refused.err, "no password in the message")
    check(not authfile.exists(), "no login kept that was refused")
    world.slipway(*words, input=b"s3cret\n")
    which = world.slipway("auth", "which", registry.host, "--authfile", authfile)
    check_equal(which.lines, [f"{registry.host}: password of ci from {authfile}"], "the login that is used")
    tags = world.tool("skopeo", "list-tags", "--authfile", authfile, "--tls-verify=false",
                      f"docker://{registry.host}/none", status=None)
    check("unauthorized" not in tags.err, f"skopeo to be let in by\n{tags}")
    world.slipway("logout", registry.host, "--authfile", authfile)
    check_equal(json.loads(authfile.read_text()), {"auths": {}}, "what is left")
