"""What is in a layer comes out the same with everybody's tools; the cache is shared, survives kills and changes nothing."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import stat
import struct
import tarfile
import time

from containerd import Containerd
from harness import check, check_equal, layout_blob, layout_index
from tools_test import podman

BYTES = os.fsdecode(b"not utf-8 \xff\xfe")
LONG = "d" * 90 + "/" + "e" * 90
RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw+ep, as the kernel stores it
RULES = """app: tree
image:
  platforms: [linux/amd64]
  compression: {format: %s, level: fast}
  layers:
    - name: tree
      times: clamp
      files:
        - {from: tree, to: /, modes: keep, exclude: [own, setuid]}
        - {from: tree/own, to: /own, owner: "3000000:65532", mode: "0640"}
        - {from: tree/setuid, to: /setuid, mode: "4755", xattrs: {user.note: "a value"},
           capabilities: "cap_net_raw,cap_net_bind_service+ep"}
"""


def fill(world):
    """A tree with one of everything that a layer can hold."""
    for name in ("plain", "setuid", "own", "dir/Ä ö ü", "dir/" + LONG, "dir/sub/first", "x" * 200, BYTES, BYTES + "y" * 150):
        world.write(f"tree/{name}", b"content of " + os.fsencode(name))
    tree = world.folder / "tree"
    (tree / "empty").mkdir()
    (tree / "sticky").mkdir()
    (tree / "sticky").chmod(0o1777)
    os.mkfifo(tree / "pipe")
    (tree / "link").symlink_to("dir/sub/first")
    (tree / "far").symlink_to("/" + "l" * 150)
    (tree / "to bytes").symlink_to(BYTES)
    os.link(tree / "dir/sub/first", tree / "dir/second")
    os.setxattr(tree / "plain", "security.capability", RAW)
    with open(tree / "sparse", "wb") as file:
        file.truncate(3 << 20)
        file.seek(1 << 20)
        file.write(b"island")
    for path in sorted(tree.rglob("*")):
        os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)
    world.write("slipway.yaml", RULES % "gzip")
    return tree


def snapshot(root, python=False):
    """path -> everything about it that unpacking must bring back; less for python, which leaves out some."""
    found, inodes = {}, {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        name, status = str(path.relative_to(root)), path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        about = [kind, status.st_uid, status.st_gid, 0 if python and kind == stat.S_IFLNK else int(status.st_mtime)]
        if kind != stat.S_IFLNK:
            about.append(oct(stat.S_IMODE(status.st_mode)))
        if kind == stat.S_IFLNK:
            about.append(os.readlink(path))
        if kind == stat.S_IFREG:
            about.append(hashlib.sha256(path.read_bytes()).hexdigest())
            about.append(inodes.setdefault(status.st_ino, name))
            if not python:
                about.append([(key, os.getxattr(path, key)) for key in sorted(os.listxattr(path))])
        found[name] = about
    return found


def layer_of(world, layout):
    manifest = json.loads(layout_blob(layout, layout_index(layout)["manifests"][0]["digest"]))
    digest = manifest["layers"][0]["digest"]
    return layout / "blobs" / digest.replace(":", "/")


def build(world, *more, to="oci:out:v1", **options):
    return world.slipway("build", "--to", to, *more, env=dict(SOURCE_DATE_EPOCH="1600000000", **options.pop("env", {})),
                         **options)


def snapshot_in_podman(world):
    image = podman(world, "pull", "-q", f"oci:{world.folder}/out:v1").out.strip()
    return snapshot(podman(world, "image", "mount", image).out.strip())


def test_every_tool_unpacks_the_same(world):
    fill(world)
    build(world)
    blob = layer_of(world, world.folder / "out")
    unpacked = {}
    for name, argv in (("gnu", ["tar", "--xattrs", "--xattrs-include=*", "-xpzf"]), ("bsd", ["bsdtar", "-xpf"])):
        (world.folder / name).mkdir()
        world.tool(*argv, blob, "-C", world.folder / name)
        unpacked[name] = snapshot(world.folder / name)
    world.tool("umoci", "unpack", "--image", "out:v1", "bundle", cwd=world.folder)
    unpacked["umoci"] = snapshot(world.folder / "bundle/rootfs")
    with Containerd(world) as containerd:
        world.slipway("copy", "oci:out:v1", "oci-archive:out.tar:example.com/tree:v1")
        containerd.load(world.folder / "out.tar")
        with containerd.mounted("example.com/tree:v1") as rootfs:
            unpacked["containerd"] = snapshot(rootfs)
    unpacked["podman"] = snapshot_in_podman(world)
    first = unpacked["gnu"]
    for name, tree in unpacked.items():
        for path in first.keys() | tree.keys():
            check_equal(tree.get(path), first.get(path), f"{path} as {name} unpacks it")
    with tarfile.open(blob) as tar:
        tar.extractall(world.folder / "python")
    python, plain = snapshot(world.folder / "python", python=True), snapshot(world.folder / "gnu", python=True)
    for path in plain.keys() | python.keys():
        check_equal(python.get(path), plain.get(path), f"{path} as python unpacks it")

    check_equal(first["plain"][7], [("security.capability", RAW)], "capabilities of a file whose mode is kept")
    about = first["setuid"]
    check_equal(about[4], "0o4755", "setuid's mode")
    check_equal([key for key, _ in about[7]], ["security.capability", "user.note"], "setuid's attributes")
    check("cap_net_bind_service,cap_net_raw=ep" in world.tool("getcap", world.folder / "gnu/setuid").out,
          "the capabilities as getcap reads them")
    check_equal(first["own"][1:3], [3000000, 65532], "own's owner")
    check_equal(first["sticky"][4], "0o1777", "sticky's mode")
    check_equal(first["dir/sub/first"][6], first["dir/second"][6], "the inode of two names")
    check_equal(first["plain"][3], 1_500_000_000, "plain's time")
    check({"dir/" + LONG, "dir/Ä ö ü", BYTES, BYTES + "y" * 150} <= first.keys(), "long names and others than ASCII")
    listed = world.slipway("files", "oci:out:v1", "-o", "json").out
    check(all(name in listed for name in ("dir/Ä ö ü", "not utf-8 ", "y" * 150)), f"the names in {listed}")


def test_every_reader_takes_the_compressed_bytes(world):
    fill(world)
    world.write("tree/large", bytes(random.Random(1).randbytes(1 << 20)) * 5)
    for compression, testers in (("gzip", ["gzip -t", "pigz -t", "igzip -t", "bsdtar -tf"]), ("zstd", ["zstd -q -t", "bsdtar -tf"]),
                                 ("none", ["tar -tf", "bsdtar -tf"])):
        world.write("slipway.yaml", RULES % compression)
        layout = world.folder / compression
        build(world, to=f"oci:{compression}:v1")
        blob = shutil.copy(layer_of(world, layout), world.folder / f"blob.{compression.replace('gzip', 'gz').replace('zstd', 'zst')}")
        for tester in testers:
            world.tool(*tester.split(), blob)
        world.tool("skopeo", "inspect", f"oci:{layout}:v1")
    # containers/image and Go's gzip read them too
    world.tool("skopeo", "copy", f"oci:{world.folder}/zstd:v1", f"dir:{world.folder}/copied")


def acl_of(user):
    """The bytes of an access control list that lets one more user read."""
    nobody = 0xffffffff
    entries = ((1, 6, nobody), (2, 4, user), (4, 4, nobody), (0x10, 4, nobody), (0x20, 4, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_access_control_lists_are_counted(world):
    for name in ("a", "b", "c"):
        world.write(f"tree/{name}", name)
    for name in ("tree/a", "tree/b"):
        os.setxattr(world.folder / name, "system.posix_acl_access", acl_of(1000))
    run = world.slipway("build", "--to", "oci:out:v1", "--add", "tree:/tree", "--add", "tree/c:/c")
    lines = [line for line in run.err.splitlines() if "access control list" in line]
    check_equal(len(lines), 1, f"warnings about access control lists in {run.err}")
    check("2 files or folders have access control lists" in lines[0], f"the count in {lines[0]}")


def test_memory_does_not_grow_with_the_input(world):
    base = ["build", "--base", "scratch", "--platform", "linux/amd64", "--no-cache", "--jobs", "4"]
    with open(world.folder / "huge", "wb") as file:
        file.truncate(2 << 30)
    (world.folder / "flat").mkdir()
    for number in range(40_000):
        os.mknod(world.folder / f"flat/{number}", 0o644)
    for compression in ("gzip:fast", "gzip", "zstd"):
        for what in ("huge", "flat"):
            if what == "huge" and compression == "gzip":
                continue
            peak = world.peak_mib(*base, "--compression", compression, "--add", f"{what}:/{what}", "--to",
                            f"oci:{what}-{compression.replace(':', '-')}:v1")
            check(peak <= 64, f"at most 64 MiB, not {peak:.1f}, for {what} with {compression}")
            world.note(f"{what} with {compression}: at most {peak:.1f} MiB")


def test_two_builds_share_a_cache_at_once(world):
    rng = random.Random(2)
    for number in range(30):
        world.write(f"tree/f{number}", rng.randbytes(300_000) + bytes(600_000))
    argv = ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv"]
    wanted = world.slipway(*argv, "--no-cache", "--to", "oci:plain:v1").digest
    cache = {"XDG_CACHE_HOME": str(world.folder / "shared")}
    running = [world.start(*argv, "--to", f"oci:out{number}:v1", env=cache) for number in range(4)]
    for process in running:
        check_equal(process.wait(120), 0, "the status of a build beside others")
    for number in range(4):
        check_equal(layout_index(world.folder / f"out{number}")["manifests"][0]["digest"], wanted, "the digest")
    world.slipway("cache", "prune", env=cache)
    check_equal(world.slipway(*argv, "--to", "oci:again:v1", env=cache).digest, wanted, "the digest after pruning")


def test_layers_left_by_builds_for_registries_are_pruned(world):
    registry = world.registry()
    world.write("slipway.yaml", f"app: a\nimage:\n  repository: {registry.host}/a\n  platforms: [linux/amd64]\n"
                "  layers:\n    - {name: app, files: [{from: data, to: /data}]}\n")
    blobs = world.folder / ".slipway/images/blobs/sha256"

    def push(number, *options):
        world.write("data", random.Random(number).randbytes(300_000))
        world.slipway("build", "--push", "--no-check", *options)
        return sorted(path.name for path in blobs.iterdir())

    push(1)
    push(2)
    check_equal(len(push(3)), 3, "layers of three builds")
    check_equal(world.slipway("cache", "stats", "-o", "json").document["kinds"]["images"]["files"], 3, "layers that stats counts")
    world.slipway("cache", "prune")
    left = sorted(path.name for path in blobs.iterdir())
    check_equal(len(left), 1, "layers after pruning: the last build's")
    check_equal(len(set(push(3)) | set(left)), 1, "the layer of the build of the same files")
    check_equal(len(push(4, "--cache-limit", "1KiB")), 1, "layers after a build with a small limit")


def test_a_killed_build_leaves_a_usable_cache(world):
    rng = random.Random(3)
    for number in range(20):
        world.write(f"tree/f{number}", rng.randbytes(200_000) + b"text " * 200_000)
    argv = ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv"]
    began = time.monotonic()
    wanted = world.slipway(*argv, "--no-cache", "--to", "oci:plain:v1").digest
    seconds = time.monotonic() - began
    cache = {"XDG_CACHE_HOME": str(world.folder / "shared")}
    for number in range(6):
        process = world.start(*argv, "--to", f"oci:killed{number}:v1", env=cache)
        time.sleep(rng.uniform(0, seconds))
        process.kill()
        process.wait()
        layout = world.folder / f"killed{number}"
        tags = layout_index(layout)["manifests"] if (layout / "index.json").exists() else []
        check(not tags or tags[0]["digest"] == wanted, "no tag or the image")
    # As after a power cut: some blocks cut short, some full of zeros.
    for number, block in enumerate(sorted((world.folder / "shared/slipway/blocks").rglob("*"))):
        if block.is_file() and number % 3 == 0:
            os.truncate(block, block.stat().st_size // 2)
        elif block.is_file() and number % 3 == 1:
            block.write_bytes(bytes(block.stat().st_size))
    ended = world.slipway(*argv, "--to", "oci:after:v1", env=cache)
    check_equal(ended.digest, wanted, "the digest over a damaged cache")
    ended = world.slipway(*argv, "--to", "oci:last:v1", env=cache)
    check_equal(ended.digest, wanted, "the digest over the mended cache")


def test_load_names_an_image_after_its_app_or_the_name_that_its_layout_records(world):
    (world.folder / "hello").write_text("#!/bin/sh\n")
    recipe = "app: {}\nimage:\n  layers: [{{name: a, files: [{{from: hello, to: /hello}}]}}]\n"
    (world.folder / "slipway.yaml").write_text(recipe.format("webshop"))
    world.slipway("build", "-t", "v7")

    def name(ref):
        return world.slipway("load", "--dry-run", "--into", "docker", ref).out.split("@")[0]

    check_equal(name("oci:.slipway/images:v7"), "localhost/webshop:v7", "the app's name")
    world.slipway("copy", "oci:.slipway/images:v7", "oci:out:v1")
    check_equal(name("oci:out:v1"), "localhost/out:v1", "the folder's name")
    index = world.folder / "out" / "index.json"
    document = json.loads(index.read_text())
    document["manifests"][0]["annotations"]["io.containerd.image.name"] = "docker.io/library/nginx:1.27"
    index.write_text(json.dumps(document))
    check_equal(name("oci:out:v1"), "docker.io/library/nginx:1.27", "the name that the layout records")
    (world.folder / "slipway.yaml").write_text("---\n".join(recipe.format(app) for app in ("web", "worker")))
    world.slipway("build")
    check_equal(name("oci:.slipway/images:worker"), "localhost/worker:latest", "one app of several")
