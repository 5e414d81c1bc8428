"""`unpack` gives the tree that umoci gives, as root and as somebody else, and reaches nothing outside of it."""
import json
import os
import shutil
import stat
import tarfile

from harness import check, check_equal, layout_blob, layout_index
from layers_test import fill, snapshot

SOMEONE = dict(user=65534, group=65534, extra_groups=[]) if os.getuid() == 0 else {}


def real_image(world, folders=("etc", "usr/share/zoneinfo", "usr/share/terminfo")):
    """This machine's own files in two layers made by umoci, the second one removing, replacing and retyping."""
    tree = world.folder / "real"
    tree.mkdir()
    for folder in folders:
        if os.path.isdir("/" + folder):
            shutil.copytree("/" + folder, tree / folder, symlinks=True, ignore_dangling_symlinks=True,
                            ignore=lambda _, names: [n for n in names if n in ("shadow", "gshadow", "ssl", "docker")])
    fill(world)
    shutil.copytree(world.folder / "tree/dir", tree / "made", symlinks=True)
    (tree / "hidden").mkdir()
    (tree / "hidden/below").write_text("hidden")
    shutil.copy("/bin/true", tree / "true")
    os.link(tree / "true", tree / "too")
    (tree / "true").chmod(0o4755)
    world.tool("umoci", "init", "--layout", "image")
    world.tool("umoci", "new", "--image", "image:v1")
    world.tool("umoci", "insert", "--image", "image:v1", tree, "/")
    world.write("upper/etc/hostname", "another\n")
    (world.folder / "upper/etc/alternatives").mkdir(exist_ok=True)
    (world.folder / "upper/usr/share/zoneinfo").mkdir(parents=True)
    (world.folder / "upper/usr/share/zoneinfo/Europe").symlink_to("America")
    world.tool("umoci", "insert", "--image", "image:v1", world.folder / "upper", "/")
    world.tool("umoci", "insert", "--image", "image:v1", "--opaque", world.folder / "upper/etc", "/hidden")
    world.tool("umoci", "insert", "--image", "image:v1", "--whiteout", "/usr/share/terminfo")
    return "image:v1"


def compare(ours, theirs, what):
    check(len(theirs) > 200, f"a real tree, not {len(theirs)} paths")
    for path in sorted(ours.keys() | theirs.keys()):
        check_equal(ours.get(path), theirs.get(path), f"{path} of {what}")


def test_the_tree_is_umocis(world):
    image = real_image(world)
    world.tool("umoci", "unpack", *([] if os.getuid() == 0 else ["--rootless"]), "--image", image, "bundle")
    ended = world.slipway("unpack", f"oci:{image}", "rootfs")
    check(ended.out.startswith(f"oci:{image}@sha256:"), f"the result line, not\n{ended}")
    compare(snapshot(world.folder / "rootfs"), snapshot(world.folder / "bundle/rootfs"), "the image")


def test_somebody_without_root_gets_the_same_files(world):
    image = real_image(world, ["etc"])
    world.slipway("unpack", f"oci:{image}", "rootfs")
    theirs = world.folder / "theirs"
    theirs.mkdir(mode=0o777)
    theirs.chmod(0o777)
    world.tool("chmod", "-R", "a+rX", world.folder / "image")
    env = dict(HOME=str(theirs), XDG_RUNTIME_DIR=str(theirs), XDG_CACHE_HOME=str(theirs / "cache"))
    ended = world.slipway("unpack", "-o", "json", f"oci:{image}", theirs / "rootfs", env=env, **SOMEONE)
    check_equal(ended.document["schema"], "slipway/v1/unpack", "the schema")

    def plain(tree):
        """Without owners, and without setuid bits of files that are not their owner's."""
        return {path: [about[0], *about[3:]] if about[0] == stat.S_IFLNK
                else [about[0], about[3], oct(int(about[4], 8) & (~0o6000 if SOMEONE else ~0)), *about[5:]]
                for path, about in tree.items()}

    compare(plain(snapshot(theirs / "rootfs")), plain(snapshot(world.folder / "rootfs")), "somebody's image")
    if SOMEONE:
        check("belong to this user" in ended.err, f"a word about owners in\n{ended}")
        check_equal({path.lstat().st_uid for path in (theirs / "rootfs").rglob("*")}, {65534}, "the owners")


def test_damage_is_found_and_nothing_stays(world):
    image = real_image(world, ["etc"])
    layout = world.folder / "image"
    manifest = json.loads(layout_blob(layout, layout_index(layout)["manifests"][0]["digest"]))
    layer = layout / "blobs" / manifest["layers"][0]["digest"].replace(":", "/")
    data = bytearray(layer.read_bytes())
    data[len(data) // 2] ^= 1
    layer.write_bytes(data)
    before = sorted(os.listdir(world.folder))
    world.slipway("unpack", f"oci:{image}", "rootfs", status=12)
    check_equal(sorted(os.listdir(world.folder)), before, "what is in the folder")


def kinds(root):
    """{path: type and mode} of everything in a folder."""
    return {str(path.relative_to(root)): oct(path.lstat().st_mode) for path in root.rglob("*")}


def test_layers_that_reach_out_change_nothing(world):
    outside = world.write("outside", "untouched")
    world.tool("umoci", "init", "--layout", "evil")
    for number, (name, link) in enumerate([("up", ".."), ("root", "/"), ("far", str(world.folder))]):
        with tarfile.open(world.folder / f"{number}.tar", "w") as tar:
            pointer = tarfile.TarInfo(name)
            pointer.type, pointer.linkname = tarfile.SYMTYPE, link
            tar.addfile(pointer)
        with tarfile.open(world.folder / f"{number}-through.tar", "w") as tar:
            through = tarfile.TarInfo(f"{name}/outside")
            through.mode = 0o4777
            tar.addfile(through)
        world.tool("umoci", "new", "--image", f"evil:v{number}")
        world.tool("umoci", "raw", "add-layer", "--image", f"evil:v{number}", f"{number}.tar")
        world.tool("umoci", "raw", "add-layer", "--image", f"evil:v{number}", f"{number}-through.tar")
        world.slipway("unpack", f"oci:evil:v{number}", f"rootfs-{number}")
        world.tool("umoci", "unpack", *([] if os.getuid() == 0 else ["--rootless"]), "--image", f"evil:v{number}", f"bundle-{number}")
        ours, theirs = (kinds(world.folder / name) for name in (f"rootfs-{number}", f"bundle-{number}/rootfs"))
        check_equal(ours, theirs, "what was unpacked, all of it inside the root")
        check(any(path.endswith("outside") for path in ours), f"the file to be inside, among {sorted(ours)}")
    check_equal(outside.read_text(), "untouched", "the file outside")
    check_equal(oct(outside.stat().st_mode & 0o7777), "0o644", "its mode")


def test_a_full_folder_is_not_touched(world):
    image = real_image(world, [])
    world.write("full/file", "mine")
    ended = world.slipway("unpack", f"oci:{image}", "full", status=16)
    check("NEW-FOLDER" in ended.err, f"a way out in\n{ended}")
    check_equal(os.listdir(world.folder / "full"), ["file"], "the folder")
    world.slipway("unpack", "--dry-run", f"oci:{image}", "nowhere")
    check(not (world.folder / "nowhere").exists(), "nothing from --dry-run")
