"""Configs with files: the same in every runner, in either mode, and in what is exported."""
import base64
import json

import bundles
import yaml
from dockerd import Dockerd
from harness import check, check_equal, layout_blob
from projects import Project
from run_test import containerd, oci_runtimes, podman_env
from tools_test import PODMAN_LIMITS

SOURCE = """\
#include <stdio.h>
#include <sys/stat.h>
int main(void) {
  const char* names[] = {"app.toml", "sub/limits.toml", "hook", "env", "data.bin"};
  for (int i = 0; i < 5; ++i) {
    char path[100], text[200];
    snprintf(path, sizeof path, "/etc/hello/%s", names[i]);
    FILE* file = fopen(path, "rb");
    if (!file) { printf("%s is not there\\n", path); continue; }
    struct stat st;
    fstat(fileno(file), &st);
    size_t n = fread(text, 1, sizeof text, file);
    printf("%s %o ", names[i], st.st_mode & 0777);
    for (size_t at = 0; at < n; ++at) printf("%02x", (unsigned char)text[at]);
    puts("");
    fclose(file);
  }
}
"""
FILES = {"app.toml": b"mode = \"staging\"\n", "sub/limits.toml": b"rps = 10\n", "hook": b"#!/bin/sh\n",
         "data.bin": b"\x00\xff\x01"}
ENV = b"GREETING=hello from staging\n"
SAID = [f"{name} {mode} {content.hex()}" for name, mode, content in (
    ("app.toml", "644", FILES["app.toml"]), ("sub/limits.toml", "644", FILES["sub/limits.toml"]),
    ("hook", "755", FILES["hook"]), ("env", "444", ENV), ("data.bin", "644", FILES["data.bin"]))]


def released(world, **places):
    """Released to staging as env-file and to production as a layer, with the same files; the program shows them."""
    project = Project(world, settle="0s", **places)
    text = (project.folder / "slipway.yaml").read_text()
    text = text.replace("{env-file: deploy/staging.env}", "{env-file: deploy/staging.env, files: [deploy/base/, deploy/over]}")
    text = text.replace("{env-file: deploy/production.env}",
                        "{env-file: deploy/staging.env, files: [deploy/base/, deploy/over], mode: layer}")
    project._write("slipway.yaml", text)
    project._write("deploy/base/app.toml", "mode = \"base\"\n")
    project._write("deploy/over/app.toml", FILES["app.toml"].decode())
    project._write("deploy/base/sub/limits.toml", FILES["sub/limits.toml"].decode())
    world.write("project/deploy/base/hook", FILES["hook"].decode(), 0o755)
    (project.folder / "deploy/base/data.bin").write_bytes(FILES["data.bin"])
    world.write("app.c", SOURCE)
    world.tool("cc", "-static", "-O1", "-s", "app.c", "-o", project.folder / "build/amd64/app")
    digest = project.build()
    check_equal(project.slipway("release", "staging").digest, digest, "the digest in env-file mode")
    laid = project.slipway("promote", "staging", "production").digest
    check(laid != digest, "another digest in layer mode")
    return project


def test_every_runner_shows_the_files_in_either_mode(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    for path in (project.folder / "deploy/over").iterdir():
        path.unlink()  # what was released counts
    runners = [(name, [], {}) for name in oci_runtimes(world)]
    if "runc" in bundles.runtimes(world):
        runners.append(("podman", [word for limit in PODMAN_LIMITS for word in ("--runner-arg", limit)], podman_env(world)))
    for environment in ("staging", "production"):
        for runner, limits, env in runners:
            ended = project.slipway("run", environment, "--runner", runner, *limits, env=env)
            check_equal(ended.out.splitlines(), SAID, f"what the program saw in {environment} by {runner}")
        project.slipway("verify", environment)


def test_docker_and_containerd_show_them_too(world):
    project = released(world)
    with Dockerd(world) as engine:
        ended = project.slipway("run", "staging", "--runner", "docker", "--runner-arg", "--network=none", env=engine.env)
        check_equal(ended.out.splitlines(), SAID, "what the program saw by docker")
    env = containerd(world)
    check(env, "a containerd")
    ended = project.slipway("run", "staging", "--runner", "containerd", "--runner-arg", "--snapshotter", "--runner-arg", "native",
                            env=env)
    check_equal(ended.out.splitlines(), SAID, "what the program saw by containerd")


def test_files_alone_make_a_release_and_move_no_image(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    before = project.slipway("show", "staging", "-o", "json").document
    again = project.slipway("release", "staging", "--same-build")
    check("nothing to do" in again.err, f"that nothing changed, in\n{again}")
    project._write("deploy/over/app.toml", "mode = \"calm\"\n")
    project._write("deploy/over/new.toml", "")
    seen = len(registry.requests())
    project.slipway("release", "staging", "--same-build")
    written = [path for method, path, _ in registry.requests()[seen:] if method in ("POST", "PUT", "PATCH")]
    check_equal([path for path in written if "/prod/" in path], [], "writes into production")
    after = project.slipway("show", "staging", "-o", "json").document
    check_equal((after["digest"], after["number"]), (before["digest"], before["number"] + 1), "the image and the number")
    check(after["config"] != before["config"], "another config")
    said = project.slipway("diff", "staging@v1", "staging@v2").out
    check("file app.toml: sha256:" in said and "file new.toml: only in B" in said, f"both files in\n{said}")
    project.slipway("rollback", "staging")
    check_equal(project.slipway("show", "staging", "-o", "json").document["config"], before["config"], "the config again")


def test_the_artifact_holds_the_very_layer_of_layer_mode(world):
    project = released(world)
    config = project.slipway("show", "staging", "-o", "json").document["config"]
    check_equal(project.slipway("show", "production", "-o", "json").document["config"], config, "the config of the other mode")
    ledger = project.folder / "images-releases"
    manifest = json.loads(layout_blob(ledger, config))
    listed = json.loads(layout_blob(ledger, manifest["layers"][0]["digest"]))
    check_equal([item["path"] for item in listed["files"]], sorted(FILES), "the files that the config lists")
    image = json.loads(project.slipway("manifest", "oci:images:production").out)
    check_equal(image["layers"][-1]["digest"], manifest["layers"][1]["digest"], "the layer")
    layer = ledger / "blobs/sha256" / manifest["layers"][1]["digest"][7:]
    names = world.tool("tar", "-tzf", layer).lines
    check_equal(names, ["etc/", "etc/hello/", "etc/hello/app.toml", "etc/hello/data.bin", "etc/hello/env", "etc/hello/hook",
                        "etc/hello/sub/", "etc/hello/sub/limits.toml"], "what tar lists")
    blob = bytearray(layer.read_bytes())
    blob[len(blob) // 2] ^= 1
    layer.chmod(0o644)
    layer.write_bytes(blob)
    ended = project.slipway("verify", "staging", status=12)
    check(manifest["layers"][1]["digest"][7:19] in ended.err or "config" in ended.err, f"the config named in\n{ended}")


def test_plans_carry_them(world):
    project = released(world)
    project._write("deploy/over/app.toml", "mode = \"planned\"\n")
    plan = project.slipway("release", "staging", "--same-build", "--plan", "plan.json", status=None)
    check_equal(plan.status, 0, f"planned in\n{plan}")
    for path in (project.folder / "deploy/over").iterdir():
        path.unlink()
    project.slipway("apply", "plan.json")
    shown = project.slipway("diff", "staging@v1", "staging").out
    check("file app.toml" in shown, f"the planned file in\n{shown}")


def test_exports_mount_them(world):
    registry = world.registry()
    project = released(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    project.slipway("export", "staging", "--to", "out")
    objects = list(yaml.safe_load_all((project.folder / "out/hello.yaml").read_text()))
    kinds = [found["kind"] for found in objects]
    check_equal(kinds, ["ConfigMap", "ConfigMap", "Deployment"], "the objects")
    files, deployment = objects[1], objects[2]["spec"]["template"]["spec"]
    volume = deployment["volumes"][0]["configMap"]
    check_equal(volume["name"], files["metadata"]["name"], "the volume's ConfigMap")
    check_equal(deployment["containers"][0]["volumeMounts"], [{"name": "config", "mountPath": "/etc/hello", "readOnly": True}],
                "the mount")
    found = {}
    for item in volume["items"]:
        key = item["key"]
        found[item["path"]] = files["data"][key].encode() if key in files.get("data", {}) else base64.b64decode(files["binaryData"][key])
    check_equal(found, {**FILES, "env": ENV}, "the files in a pod")
    check_equal({item["path"]: item.get("mode") for item in volume["items"]}["hook"], 0o755, "the hook's mode")
    for name, unit, line in (("compose", "compose.yaml", "target: \"/etc/hello/sub/limits.toml\""),
                             ("quadlet", "hello.container", "Volume=./hello.config:/etc/hello:ro,Z"),
                             ("systemd", "hello.service", "--volume %E/hello/hello.config:/etc/hello:ro,Z")):
        project.slipway("export", "staging", "--format", name, "--to", f"out/{name}")
        check(line in (project.folder / "out" / name / unit).read_text(), f"{line} in {unit}")
        folder = project.folder / "out" / name / "hello.config"
        got = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        check_equal(got, {**FILES, "env": ENV}, f"the files beside {unit}")
    laid = project.slipway("export", "production").out
    check("volumeMounts" not in laid, "no mount where the image has the files")


def test_what_a_config_cannot_have_is_refused(world):
    project = released(world)
    (project.folder / "deploy/over/link").symlink_to("app.toml")
    project._write("deploy/over/key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    ended = project.slipway("release", "staging", "--same-build", status=2)
    check("link is a symlink" in ended.err and "key.pem has a private key" in ended.err, f"both in\n{ended}")
    check("MIIB" not in ended.err, "nothing of the key")
