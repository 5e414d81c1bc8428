"""Configs: checked when they are released, secrets resolved at the last moment and found nowhere else."""
import os
import pathlib

import bundles
from harness import check, check_equal, program
from projects import Project
from run_test import SOURCE, oci_runtimes, podman_env, stand_in
from tools_test import PODMAN_LIMITS

SECRET = "hush-3f1c7e-hush"
FROM_FILE = "hush-file-77ab-hush"
CONFIG = {"GREETING": "hello", "DB_PASSWORD": SECRET, "API_TOKEN": FROM_FILE}


def released(world, **places):
    """A project whose program prints its environment, with two secrets in its config; released to staging."""
    project = Project(world, settle="0s", **places)
    world.write("app.c", SOURCE)
    world.tool("cc", "-static", "-O1", "-s", "app.c", "-o", project.folder / "build/amd64/app")
    world.write("project/deploy/staging.env",
                "GREETING=hello\nDB_PASSWORD=secret://vault/team/db#password\nAPI_TOKEN=file://../outside/token\n")
    world.write("outside/token", FROM_FILE + "\n", 0o600)
    stand_in(world, "slipway-secret-vault",
             f"#!/bin/sh\ncat > '{world.folder}/request'\nprintf '{{\"value\": \"{SECRET}\"}}'\n")
    project.build()
    project.slipway("release", "staging")
    return project


def files_with(text, *folders):
    """The files that contain a text anywhere below the folders."""
    found = []
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        if text.encode() in file.read():
                            found.append(path)
    return found


def without_runners(lines):
    got = dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)
    for key in ("HOME", "HOSTNAME", "container", "TERM", "PATH"):
        got.pop(key, None)
    return got


def test_secrets_reach_the_process_and_nothing_else(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    for runner in oci_runtimes(world):
        real = pathlib.Path(world.tool("sh", "-c", f"command -v {runner}").out.strip())
        if world.folder in real.parents:  # a stand-in already: it goes on under another name
            real = real.rename(real.with_name(f"{runner}.next"))
        seen = world.folder / f"argv-{runner}"
        # The argv of every process while the runner starts.
        stand_in(world, runner, f"#!/bin/sh\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' > '{seen}'\nexec {real} \"$@\"\n")
        ended = project.slipway("run", "-v", "staging", "--runner", runner)
        check_equal(without_runners(ended.out), CONFIG, f"the environment in\n{ended}\n")
        check("run" in seen.read_text(), "the runner's own argv was seen")
        for secret in (SECRET, FROM_FILE):
            check(secret not in seen.read_text(), f"no secret in argv of {runner}")
            check(secret not in ended.err, f"no secret in\n{ended.err}")
    if not bundles.runtimes(world):
        return
    request = (world.folder / "request").read_text()
    check('"path":"team/db","key":"password"' in request, f"what was asked for in {request}")
    places = [project.folder, registry.folder, world.home]
    check_equal(files_with(SECRET, *places), [], "files with the secret")
    check_equal(files_with(FROM_FILE, *places), [], "files with the other secret")


def test_podman_gets_the_secrets_by_a_private_file(world):
    env = podman_env(world)
    limits = [word for limit in PODMAN_LIMITS for word in ("--runner-arg", limit)]
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    real = pathlib.Path(world.tool("sh", "-c", "command -v podman").out.strip())
    seen = world.folder / "argv-podman"
    stand_in(world, "podman", f"#!/bin/sh\nprintf '%s ' \"$@\" >> '{seen}'\nexec {real} \"$@\"\n")
    ended = project.slipway("run", "-v", "staging", "--runner", "podman", *limits, env=env)
    check_equal(without_runners(ended.out), CONFIG, f"the environment in\n{ended}\n")
    check("--env-file" in seen.read_text(), f"an env file in {seen.read_text()}")
    for secret in (SECRET, FROM_FILE):
        check(secret not in seen.read_text() and secret not in ended.err, "no secret in arguments and messages")
    # podman itself keeps a container's environment in its state: docs/FORMATS.md says so.
    check_equal(files_with(SECRET, project.folder, registry.folder, world.home), [], "files with the secret")


def test_a_missing_secret_stops_before_the_start_and_all_are_named(world):
    project = released(world)
    (world.folder / "outside/token").unlink()
    stand_in(world, "slipway-secret-vault", f"#!/bin/sh\necho {SECRET}; exit 3\n")
    ended = project.slipway("run", "staging", status=125)
    check("DB_PASSWORD" in ended.err and "API_TOKEN" in ended.err, f"both in\n{ended.err}")
    check(SECRET not in ended.err + ended.out, f"no secret in\n{ended.err}")


def test_env_leaves_secrets_out_unless_told(world):
    project = released(world)
    ended = project.slipway("env", "staging")
    check_equal(ended.out, "GREETING=hello\n", "the values")
    check("DB_PASSWORD is a secret" in ended.err and "API_TOKEN is a secret" in ended.err, f"both named in {ended.err}")
    project.slipway("env", "staging", "--with-secrets", "all.env")
    written = project.folder / "all.env"
    check_equal(written.stat().st_mode & 0o777, 0o600, "the mode")
    check_equal(dict(line.split("=", 1) for line in written.read_text().splitlines()), CONFIG, "what is in it")
    ended = project.slipway("env", "staging", "--with-secrets", "-", "--format", "sh")
    check(f"export DB_PASSWORD='{SECRET}'" in ended.out, f"all of it in a pipe: {ended.out}")
    ended = world.tool("script", "-qec", f"{program()} -f {project.folder}/slipway.yaml env staging --with-secrets -", "/dev/null", status=2)
    check(SECRET not in ended.out and "terminal" in ended.out, f"refused on a terminal:\n{ended}")


def test_a_schema_is_kept_at_release_time(world):
    project = released(world)
    text = (project.folder / "slipway.yaml").read_text()
    check("  staging:" in text, text)
    (project.folder / "slipway.yaml").write_text(text.replace("  staging:", "  staging:\n    schema: deploy/schema.yaml", 1))
    world.write("project/deploy/schema.yaml", "keys:\n  GREETING: {type: int}\n  DB_PASSWORD: {secret: true}\n  PORT: {required: true}\n")
    ended = project.slipway("release", "staging", "--same-build", status=2)
    for part in ("staging.env:1:1: GREETING must be an int", "staging.env:3:1: API_TOKEN is not in the schema",
                 "schema.yaml:4:3: PORT must be set"):
        check(part in ended.err, f"'{part}' in\n{ended.err}")
    world.write("project/deploy/staging.env", "GREETING=1\nDB_PASSWORD=hunter2\nPORT=80\n")
    ended = project.slipway("release", "staging", "--same-build", status=2)
    check("DB_PASSWORD is a secret and must be a reference" in ended.err and "hunter2" not in ended.err, ended.err)


def layer_mode(project):
    text = (project.folder / "slipway.yaml").read_text()
    changed = text.replace("env-file: deploy/staging.env}", "env-file: deploy/staging.env, mode: layer}")
    check(changed != text, text)
    (project.folder / "slipway.yaml").write_text(changed)


def test_layer_mode_from_build_to_process(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello",
                       production=f"{registry.host}/prod/hello")
    build = project.slipway("show", "staging", "-o", "json").document["build"]
    layer_mode(project)
    ended = project.slipway("release", "staging", "--same-build")
    check("without what is attached" not in ended.err, f"nothing is attached:\n{ended.err}")
    image = ended.digest
    check(image != build, "another digest")
    check_equal(project.slipway("history", "staging", "-o", "json").document["releases"][0]["build"], build, "the same build")
    place = f"{registry.host}/staging/hello"
    made, built = (project.slipway("manifest", f"{place}@{digest}").document for digest in (image, build))
    check_equal(made["layers"][:-1], built["layers"], "the build's layers")
    check_equal(made["annotations"]["org.opencontainers.image.base.digest"], build, "base.digest")
    check_equal(project.slipway("cat", f"{place}@{image}", "/etc/hello/env").out, "GREETING=hello\n", "the config in the image")
    world.tool("skopeo", "copy", "--src-tls-verify=false", f"docker://{place}@{image}", f"oci:{world.folder}/copied:x")
    world.tool("umoci", "unpack", "--rootless", "--image", f"{world.folder}/copied:x", world.folder / "bundle")
    check_equal((world.folder / "bundle/rootfs/etc/hello/env").read_text(), "GREETING=hello\n", "as umoci unpacks it")
    project.slipway("verify", "staging")
    for runner in oci_runtimes(world):
        check_equal(without_runners(project.slipway("run", "staging", "--runner", runner).out), CONFIG, "the environment")
    for secret in (SECRET, FROM_FILE):
        check_equal(files_with(secret, project.folder, registry.folder), [], "files with a secret")
    project.slipway("promote", "staging", "production")
    check_equal(project.slipway("show", "production").digest, build, "what is promoted: the build")
    back = project.slipway("rollback", "staging", "v1").digest
    check_equal(back, build, "the release without a layer")
    check_equal(project.slipway("rollback", "staging", "v2").digest, image, "and with it again")
    project.slipway("verify", "staging")


def test_a_damaged_build_layer_is_named(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello")
    layer_mode(project)
    image = project.slipway("release", "staging", "--same-build").digest
    layer = project.slipway("manifest", f"{registry.host}/staging/hello@{image}").document["layers"][1]["digest"]
    data = registry.data / "docker/registry/v2/blobs/sha256" / layer[7:9] / layer[7:] / "data"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(bytes(content))
    ended = project.slipway("verify", "staging", status=12)
    check(f"layer 2 of v2 of staging, {layer}, is not what was released" in ended.err, f"the layer in\n{ended.err}")


def test_layer_mode_takes_few_requests(world):
    """Counted in the registry's own log: into another repository, and in the same one."""
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", staging=f"{registry.host}/staging/hello",
                      production=f"{registry.host}/prod/hello", platforms=("amd64", "arm64", "s390x", "ppc64le", "riscv64"))
    project.build()

    def requests(*argv):
        before = len(registry.requests())
        project.slipway(*argv)
        return registry.requests()[before:]

    plain = requests("release", "production", "--bypass", "counting")
    layer_mode(project)
    layered = requests("release", "staging")
    check(len(layered) < 2 * len(plain), f"{len(layered)} requests, env-file mode takes {len(plain)}")
    text = (project.folder / "slipway.yaml").read_text()
    (project.folder / "slipway.yaml").write_text(text.replace("environments:\n", "environments:\n  same: {config: {mode: layer}}\n"))
    same = [line for line in requests("release", "same") if line[1].startswith("/v2/team/hello/")]
    reads, writes = ([line for line in same if line[0] in methods] for methods in (("GET",), ("POST", "PATCH", "PUT")))
    # The release's evidence beside the image is not the image's: a mount, a manifest, the list of referrers.
    # Whether the build has signatures takes the referrers API and the list in its place; the evidence gets a tag.
    check(len(reads) + len(writes) <= 5 * (2 + 3) + 8 + 5 + 3, f"few requests:\n{reads}\n{writes}")
    check(not [line for line in writes if "mount=" in line[1] and "hello-releases" not in line[1]], f"no layer moves:\n{writes}")
    world.note(f"5 platforms: env-file mode {len(plain)} requests, layer mode {len(layered)}; in the same repository {len(reads)} GET, {len(writes)} writes")
