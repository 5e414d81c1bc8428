"""What slipway writes, as the tools around it see it: skopeo, umoci, runc, podman, buildah and the image-spec's schemas."""
import hashlib
import io
import json
import re
import tarfile
import zlib

import bundles
import schemas
from harness import DIGEST, Failure, check, check_equal, layout_blob, layout_index, layout_tags

PODMAN_LIMITS = ["--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]


def build_hello(world, *more, to="oci:out:v1"):
    world.static_program()
    return world.slipway("build", "--base", "scratch", "--add", "hello:/usr/bin/hello:0755", "--entrypoint",
                         "/usr/bin/hello", *more, "--to", to).digest


def podman(world, *argv, **options):
    """podman with storage of its own, so that nothing of this machine's is seen or touched."""
    store = world.folder / "containers"
    return world.tool("podman", "--root", store / "root", "--runroot", store / "run", "--storage-driver", "vfs",
                      "--cgroup-manager", "cgroupfs", *argv, **options)


def write_two_platforms(world):
    for arch in ("amd64", "arm64"):
        world.write(f"build/{arch}/app", f"the {arch} program", 0o755)
    world.write("assets/index.html", "<p>same everywhere</p>")
    world.write("slipway.yaml", """\
app: hello
image:
  repository: "oci:./images"
  base: scratch
  platforms: [linux/amd64, linux/arm64]
  layers:
    - name: assets
      files: [{from: assets/, to: /srv/assets/}]
    - name: app
      files: [{from: "build/{arch}/app", to: /usr/bin/app, mode: "0755"}]
  config: {entrypoint: [/usr/bin/app], user: "65532:65532"}
""")


def test_skopeo_reads_what_build_wrote(world):
    digest = build_hello(world, "--env", "LANG=C.UTF-8", "--label", "team=core", "--port", "8080/tcp", "--user", "65532")
    seen = world.tool("skopeo", "inspect", "oci:out:v1").document
    check_equal(seen["Digest"], digest, "skopeo's digest")
    machine = world.tool("dpkg", "--print-architecture").out.strip()
    check_equal((seen["Architecture"], seen["Os"]), (machine, "linux"), "platform of the program")
    check_equal((seen["Env"], seen["Labels"]), (["LANG=C.UTF-8"], {"team": "core"}), "env and labels")
    config = world.tool("skopeo", "inspect", "--config", "oci:out:v1").document
    check_equal(config["config"]["Entrypoint"], ["/usr/bin/hello"], "entrypoint")
    check_equal(config["config"]["User"], "65532", "user")
    check_equal(list(config["config"]["ExposedPorts"]), ["8080/tcp"], "ports")
    check_equal(config["created"], "1970-01-01T00:00:00Z", "created")


def test_every_document_is_valid(world):
    build_hello(world, "--annotation", "a=b")
    counts = schemas.validate_layout(world.folder / "out")
    check_equal(counts, {"image-manifest-schema": 1, "config-schema": 1}, "documents that were validated")
    manifest = json.loads(layout_blob(world.folder / "out", layout_tags(world.folder / "out")["v1"]))
    # The judge itself must be able to say no.
    for broken in ({**manifest, "schemaVersion": 1}, {**manifest, "layers": []}, {**manifest, "config": {"size": 1}}):
        try:
            schemas.validate(json.dumps(broken), "image-manifest-schema", "a broken manifest")
        except Failure:
            continue
        raise Failure("expected the schema to refuse a broken manifest")


def test_sizes_digests_and_diff_ids_are_true(world):
    build_hello(world)
    out = world.folder / "out"
    for path in out.glob("blobs/sha256/*"):
        check_equal(hashlib.sha256(path.read_bytes()).hexdigest(), path.name, "the name of a blob")
    entry = layout_index(out)["manifests"][0]
    manifest = json.loads(layout_blob(out, entry["digest"]))
    config = json.loads(layout_blob(out, manifest["config"]["digest"]))
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        blob = layout_blob(out, layer["digest"])
        check_equal(len(blob), layer["size"], "a layer's size")
        tar = b""
        while blob:  # members are independent of each other
            member = zlib.decompressobj(31)
            tar += member.decompress(blob)
            blob = member.unused_data
        check_equal("sha256:" + hashlib.sha256(tar).hexdigest(), diff_id, "a diff ID")
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            check_equal([(m.name, oct(m.mode), m.uid, m.gid, m.mtime, m.uname) for m in archive],
                        [("usr", "0o755", 0, 0, 0, ""), ("usr/bin", "0o755", 0, 0, 0, ""),
                         ("usr/bin/hello", "0o755", 0, 0, 0, "")], "the layer's entries")


def test_tar_and_python_list_a_layer(world):
    world.write("tree/a.txt", "a")
    world.write("tree/Ä ö", "not ASCII")
    world.write("tree/" + "d" * 120 + "/" + "e" * 120, "long")
    (world.folder / "tree/link").symlink_to("a.txt")
    names = ["srv/", "srv/a.txt", "srv/" + "d" * 120 + "/", "srv/" + "d" * 120 + "/" + "e" * 120, "srv/link", "srv/Ä ö"]
    for compression in ("gzip", "zstd", "none"):
        world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv", "--compression",
                      compression, "--to", f"oci:{compression}:v1")
        out = world.folder / compression
        layer = json.loads(layout_blob(out, layout_tags(out)["v1"]))["layers"][0]["digest"]
        file = out / "blobs" / layer.replace(":", "/")
        kind = {"gzip": "--gzip", "zstd": "--zstd", "none": "--no-auto-compress"}[compression]
        listed = world.tool("tar", "--numeric-owner", "--full-time", "--utc", "-tv", kind, "--quoting-style=literal", "-f",
                            file).lines
        seen = [re.sub(r" -> .*", "", re.split(r"\d\d:\d\d:\d\d ", line)[1]) for line in listed]
        check_equal(seen, names, f"GNU tar's names ({compression})")
        check(all(" 0/0 " in line and " 1970-01-01 00:00:00 " in line for line in listed), f"owners and times in {listed}")
        if compression != "zstd":
            with tarfile.open(file) as archive:
                check_equal([m.name for m in archive], [name.rstrip("/") for name in names], "tarfile's names")
                check_equal(archive.getmember("srv/link").linkname, "a.txt", "the link")


def test_umoci_unpacks_and_a_runtime_runs_it(world):
    build_hello(world)
    ended = bundles.run(world, "out", "v1")
    if ended:
        check_equal((ended.status, ended.out), (0, "hello from scratch\n"), f"the container, which said\n{ended}\n")


def test_a_dynamic_program_with_its_libraries_listed_by_hand(world):
    world.write("main.cpp", """\
#include <zlib.h>
#include <iostream>
#include <string>
int main(int argc, char** argv) {
  std::string text = argc > 1 ? argv[1] : "none";
  std::cout << "zlib " << ZLIB_VERNUM << " crc " << crc32(0, reinterpret_cast<const Bytef*>(text.data()), 4) << "\\n";
}
""")
    world.tool("c++", "-O1", "main.cpp", "-o", "dynamic", "-lz")
    libraries = re.findall(r"(/\S+) \(0x", world.tool("ldd", "dynamic").out)
    check(len(libraries) >= 4, f"several libraries, not {libraries}")
    adds = [word for path in libraries for word in ("--add", f"{path}:{path}:0755")]
    world.slipway("build", "--base", "scratch", "--add", "dynamic:/usr/bin/dynamic:0755", *adds, "--entrypoint",
                  "/usr/bin/dynamic", "--cmd", '["data"]', "--to", "oci:out:v1")
    ended = bundles.run(world, "out", "v1")
    if ended:
        native = world.tool(world.folder / "dynamic", "data")
        check_equal((ended.status, ended.out), (0, native.out), f"the container, which said\n{ended}\n")


def test_podman_runs_the_layout_itself(world):
    build_hello(world)
    if "runc" not in bundles.runtimes(world):
        world.note("podman is asked with runc only; left to the bundle test here")
        return
    ended = podman(world, "--runtime", "runc", "run", "--rm", *PODMAN_LIMITS, f"oci:{world.folder}/out:v1")
    check_equal(ended.out, "hello from scratch\n", "what podman's container said")


def test_pushed_images_are_pulled_by_others(world):
    registry = world.registry()
    place = f"{registry.host}/team/hello"
    digest = build_hello(world, to=f"{place}:v1")
    check_equal(registry.digest_of("team/hello", "v1"), digest, "the registry's digest")
    seen = world.tool("skopeo", "inspect", "--tls-verify=false", f"docker://{place}:v1").document
    check_equal(seen["Digest"], digest, "skopeo's digest")
    podman(world, "pull", "--tls-verify=false", "-q", f"{place}:v1")
    found = podman(world, "image", "inspect", f"{place}:v1").document[0]
    check(any(name.endswith(digest) for name in found["RepoDigests"]), f"podman to know {digest}: {found['RepoDigests']}")
    store = world.folder / "containers"
    buildah = world.tool("buildah", "--root", store / "b", "--runroot", store / "br", "--storage-driver", "vfs", "pull",
                         "--tls-verify=false", "-q", f"{place}@{digest}")
    check(buildah.out.strip(), "buildah to print an image ID")


def test_skopeo_copies_to_a_registry_and_back(world):
    digest = build_hello(world)
    registry = world.registry()
    place = f"{registry.host}/team/hello"
    world.tool("skopeo", "copy", "--dest-tls-verify=false", "oci:out:v1", f"docker://{place}:copied")
    check_equal(registry.digest_of("team/hello", "copied"), digest, "the digest after skopeo's copy")
    back = world.slipway("copy", f"{place}:copied", "oci:back:v1")
    check_equal(back.out, f"oci:back:v1@{digest}\n", "slipway's copy of it")
    check_equal(layout_tags(world.folder / "back"), {"v1": digest}, "tags of the layout")


def test_a_base_made_by_another_tool_keeps_its_layers(world):
    world.write("root/etc/os-release", "NAME=base\n")
    world.tool("umoci", "init", "--layout", "base")
    world.tool("umoci", "new", "--image", "base:v1")
    world.tool("umoci", "insert", "--rootless", "--image", "base:v1", "root", "/")
    world.tool("umoci", "config", "--image", "base:v1", "--config.env", "FROM=base", "--config.label", "kept=yes")
    before = json.loads(layout_blob(world.folder / "base", layout_tags(world.folder / "base")["v1"]))
    digest = build_hello_on(world, "oci:base:v1")
    manifest = json.loads(layout_blob(world.folder / "out", digest))
    check_equal([layer["digest"] for layer in manifest["layers"]][:len(before["layers"])],
                [layer["digest"] for layer in before["layers"]], "the base's layers")
    config = json.loads(layout_blob(world.folder / "out", manifest["config"]["digest"]))
    check_equal((config["config"]["Env"], config["config"]["Labels"]["kept"]), (["FROM=base", "ON=top"], "yes"),
                "what the config inherits")
    schemas.validate_layout(world.folder / "out")
    bundle = bundles.unpack(world, "out", "v1")
    check_equal((bundle / "rootfs/etc/os-release").read_text(), "NAME=base\n", "a file of the base")
    check((bundle / "rootfs/usr/bin/hello").exists(), "the program on top of it")


def build_hello_on(world, base):
    world.static_program()
    return world.slipway("build", "--base", base, "--add", "hello:/usr/bin/hello:0755", "--env", "ON=top", "--to",
                         "oci:out:v1").digest


def test_two_platforms_make_an_index(world):
    write_two_platforms(world)
    ended = world.slipway("build", "--push")
    images = world.folder / "images"
    index = json.loads(layout_blob(images, ended.digest))
    check_equal([entry["platform"] for entry in index["manifests"]],
                [{"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux"}], "platforms")
    counts = schemas.validate_layout(images)
    check(counts["image-index-schema"] >= 1 and counts["config-schema"] >= 2, f"an index and two images, not {counts}")
    for arch in ("amd64", "arm64"):
        target = world.folder / f"only-{arch}"
        world.tool("skopeo", "--override-arch", arch, "copy", "oci:images:latest", f"oci:{target}:v1")
        bundle = bundles.unpack(world, f"only-{arch}", "v1")
        check_equal((bundle / "rootfs/usr/bin/app").read_text(), f"the {arch} program", f"the program for {arch}")
    check(f"build-{ended.digest[7:19]}" in layout_tags(images), "the tag build-<12 hex>")


def test_an_index_goes_through_a_registry_whole(world):
    write_two_platforms(world)
    registry = world.registry()
    digest = world.slipway("build", "--to", f"{registry.host}/team/hello:v1").digest
    check_equal(registry.digest_of("team/hello", "v1"), digest, "the registry's digest")
    world.tool("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{registry.host}/team/hello:v1", "oci:whole:v1")
    check_equal(layout_tags(world.folder / "whole")["v1"], digest, "the digest in skopeo's copy")
    writes = [path for method, path, status in registry.requests() if method == "PUT" and "/manifests/" in path]
    check(writes[-1].endswith("/v1"), f"the tag to be written last, not {writes}")


def test_output_files_and_json(world):
    world.static_program()
    ended = world.slipway("build", "--base", "scratch", "--add", "hello:/hello", "--to", "oci:out:v1", "-o", "json",
                          "--digest-file", "digest", "--iidfile", "iid", "--metadata-file", "meta.json", "--image-refs",
                          "refs", "--dotenv", "env")
    image = ended.document["images"][0]
    digest = image["digest"]
    check_equal((ended.document["schema"], image["location"]), ("slipway/v1/images", f"oci:out:v1@{digest}"), "the document")
    read = lambda name: (world.folder / name).read_text()
    check_equal(read("digest").strip(), digest, "--digest-file")
    manifest = json.loads(layout_blob(world.folder / "out", digest))
    check_equal(read("iid").strip(), manifest["config"]["digest"], "--iidfile")
    check_equal(json.loads(read("meta.json"))["containerimage.digest"], digest, "--metadata-file")
    check_equal(read("refs"), f"oci:out:v1@{digest}\n", "--image-refs")
    check(DIGEST.search(read("env")), "--dotenv to name the digest")
