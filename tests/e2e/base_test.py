"""Images over a base: the base stays whole, and what is put on it runs."""
import io
import json
import os
import shutil
import tarfile

import bundles
from harness import check, check_equal, layout_blob, layout_index
from tools_test import PODMAN_LIMITS, podman

PROGRAM = """\
#include <stdio.h>
#include <sys/stat.h>
const char* from_library(void);
int main(void) {
  struct stat tmp;
  printf("%s, /tmp is %o\\n", from_library(), stat("/tmp", &tmp) == 0 ? tmp.st_mode & 07777 : 0);
}
"""
LIBRARY = 'const char* from_library(void) { return "the library is found"; }\n'
OUTPUT = "the library is found, /tmp is 1777\n"


def libraries_of(world, binary):
    """What the program needs at run time, by the name under which it is asked for."""
    found = {}
    for line in world.tool("ldd", binary, env={"LD_LIBRARY_PATH": world.folder}).lines:
        words = line.split()
        path = next((word for word in words if word.startswith("/")), None)
        if path:
            found[path] = os.path.realpath(path)
    return found


def debian_like_base(world, layout):
    """A usrmerged root with the C library and the loader, made by umoci."""
    world.write("x.c", LIBRARY)
    world.write("p.c", PROGRAM)
    world.tool("cc", "-shared", "-fPIC", "-o", "libx.so", "x.c")
    world.tool("cc", "-o", "p", "p.c", "-L.", "-lx")
    root = world.folder / "root"
    for name in ("usr/bin", "usr/lib", "usr/lib64", "tmp", "etc", "var"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").chmod(0o1777)
    for asked, real in libraries_of(world, world.folder / "p").items():
        if asked.startswith(str(world.folder)):
            continue
        place = root / asked.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real, place)
    world.write("root/etc/os-release", "ID=debian-like\n")
    rootless = [] if os.getuid() == 0 else ["--rootless"]
    world.tool("umoci", "init", "--layout", layout)
    world.tool("umoci", "new", "--image", f"{layout}:12")
    world.tool("umoci", "insert", *rootless, "--image", f"{layout}:12", root, "/")


def manifest_of(layout, tag):
    entry = next(e for e in layout_index(layout)["manifests"]
                 if e.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag)
    return json.loads(layout_blob(layout, entry["digest"]))


def names_in(layout, descriptor):
    with tarfile.open(fileobj=io.BytesIO(layout_blob(layout, descriptor["digest"]))) as tar:
        return [member.name + ("/" if member.isdir() else "") for member in tar]


def test_an_image_over_a_usrmerged_base_runs(world):
    debian_like_base(world, "base")
    world.slipway("build", "--base", "oci:base:12", "--add", "libx.so:/lib/libx.so", "--add", "p:/bin/p:0755",
                  "--add", "x.c:/tmp/x.c", "--entrypoint", "/bin/p", "--env", "LD_LIBRARY_PATH=/lib", "--to", "oci:app:v1")
    manifest = manifest_of(world.folder / "app", "v1")
    check_equal(names_in(world.folder / "app", manifest["layers"][-1]),
                ["tmp/", "tmp/x.c", "usr/", "usr/bin/", "usr/bin/p", "usr/lib/", "usr/lib/libx.so"], "our layer's paths")
    base = manifest_of(world.folder / "base", "12")
    check_equal(manifest["layers"][:-1], base["layers"], "the base's layers")
    ended = bundles.run(world, "app", "v1")
    if ended:
        check_equal((ended.status, ended.out), (0, OUTPUT), f"the container, which said\n{ended}\n")
    else:
        bundle = bundles.unpack(world, "app", "v1")
        check((bundle / "rootfs/lib").is_symlink(), "the base's /lib to be a symlink still")
    if "runc" in bundles.runtimes(world):
        ended = podman(world, "--runtime", "runc", "run", "--rm", *PODMAN_LIMITS, f"oci:{world.folder}/app:v1")
        check_equal(ended.out, OUTPUT, "what podman's container said")


def test_what_others_unpack_is_what_files_lists(world):
    debian_like_base(world, "base")
    world.write("slipway.yaml", """\
app: a
image:
  base: "oci:./base:12"
  repository: "oci:./app"
  platforms: [linux/amd64]
  layers:
    - {name: app, files: [{from: p, to: /bin/p, mode: "0755"}], remove: [/etc/os-release]}
    - {name: data, files: [{from: x.c, to: /etc/os-release}, {from: p.c, to: /srv/p.c}]}
    - {name: cut, remove: [/var, /srv/p.c]}
""")
    world.slipway("build", "--push", "-t", "v1")
    bundle = bundles.unpack(world, "app", "v1")
    unpacked = []
    for folder, folders, files in os.walk(bundle / "rootfs"):
        unpacked += ["/" + os.path.relpath(os.path.join(folder, name), bundle / "rootfs") for name in folders + files]
    listed = world.slipway("files", "oci:app:v1").lines
    check_equal(sorted(unpacked), listed, "what umoci unpacked beside what slipway lists")
    check_equal(world.slipway("cat", "oci:app:v1", "/etc/os-release").out, LIBRARY, "a file that two layers have")
    check_equal(world.slipway("cat", "oci:app:v1", "/lib/../bin/p").status, 0, "a file behind a symlink")
    check_equal(world.slipway("cat", "oci:app:v1", "/srv/p.c", status=None).status, 13, "a file that was removed")


def test_a_folder_never_takes_the_place_of_the_bases_link(world):
    debian_like_base(world, "base")
    world.write("tree/lib/own.txt", "own")
    done = world.slipway("build", "--base", "oci:base:12", "--add", "tree:/", "--to", "oci:app:v1")
    check(done.digest, "a digest")
    manifest = manifest_of(world.folder / "app", "v1")
    check_equal(names_in(world.folder / "app", manifest["layers"][-1]), ["usr/", "usr/lib/", "usr/lib/own.txt"],
                "the folder lib of our tree")


def test_a_bases_layers_are_listed_once_and_never_carried(world):
    registry = world.registry()
    debian_like_base(world, "base")
    world.slipway("copy", "oci:base:12", f"{registry.host}/base:12")
    layers = [layer["digest"] for layer in manifest_of(world.folder / "base", "12")["layers"]]

    def of_the_base(argv):
        before = len(registry.requests())
        world.slipway("build", "--base", f"{registry.host}/base:12", "--add", *argv)
        return [(method, path) for method, path, _ in registry.requests()[before:] if any(layer in path for layer in layers)]

    first = of_the_base(["x.c:/srv/x.c", "--to", f"{registry.host}/app:v1"])
    check_equal(sum(method == "GET" for method, _ in first), len(layers), f"one GET of a layer, for its list, among {first}")
    second = of_the_base(["p.c:/srv/p.c", "--to", f"{registry.host}/app:v2"])
    check_equal([path for method, path in second if method == "GET"], [], "downloads of the base's layers, whose list is known")
    uploads = [path for method, path in first + second if method in ("PUT", "PATCH")]
    check_equal(uploads, [], "uploads of the base's layers, which are mounted")
    world.slipway("validate", f"{registry.host}/app:v2")
