"""Layers that other programs packed, sound and broken: validate, files, unpack, copy and build share one opinion of them."""
import gzip
import hashlib
import io
import json
import os
import tarfile

from harness import check, check_equal

MANIFEST, CONFIG, LAYER = (f"application/vnd.oci.image.{kind}" for kind in ("manifest.v1+json", "config.v1+json", "layer.v1.tar"))


def entry(name, content=None, kind=None, link=""):
    info = tarfile.TarInfo(name)
    info.type = kind or (tarfile.DIRTYPE if content is None else tarfile.REGTYPE)
    info.linkname = link
    info.size = len(content or b"") if info.type == tarfile.REGTYPE else 0
    return info, content


def symlink(name, target):
    return entry(name, kind=tarfile.SYMTYPE, link=target)


def hardlink(name, target):
    return entry(name, kind=tarfile.LNKTYPE, link=target)


def tar(*entries, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


class Layout:
    """An image layout written by hand, right or wrong."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.manifests = []

    def blob(self, data, media_type):
        name = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / name).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(data)}

    def image(self, tag, layers, diff_ids=None, media_type=LAYER, config=None):
        ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers] if diff_ids is None else diff_ids
        about = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ids}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.blob(json.dumps(about if config is None else config).encode(), CONFIG),
                    "layers": [self.blob(layer, media_type) for layer in layers]}
        root = self.blob(json.dumps(manifest).encode(), MANIFEST)
        self.manifests.append({**root, "annotations": {"org.opencontainers.image.ref.name": tag}})
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.manifests}))


def test_what_no_runtime_takes_is_found_in_whole_layouts_too(world):
    good = tar(entry("etc"), entry("etc/a", b"x"))
    nothing = "sha256:" + hashlib.sha256(b"").hexdigest()
    for name, image in (
            ("another-diff-id", dict(layers=[good], diff_ids=[nothing])),
            ("two-diff-ids", dict(layers=[good], diff_ids=[nothing, nothing])),
            ("gzip-under-tar", dict(layers=[gzip.compress(good)], diff_ids=["sha256:" + hashlib.sha256(good).hexdigest()])),
            ("empty-config", dict(layers=[good], config={})),
            ("not-a-tar", dict(layers=[b"not a tar"])),
            ("climbs-out", dict(layers=[tar(entry("../../etc/x", b"x"))])),
            ("below-a-file", dict(layers=[tar(entry("a", b"x"), entry("a/b", b"y"))])),
            ("link-to-nothing", dict(layers=[tar(hardlink("a", "etc/shadow"))]))):
        layout = Layout(world.folder / name)
        layout.image("good", [good])
        world.slipway("validate", f"oci:{name}")
        layout.image("bad", **image)
        for place in (f"oci:{name}", f"oci:{name}:bad"):
            ended = world.slipway("validate", place, status=12)
            check("sha256:" in ended.err or "config" in ended.err, f"what is wrong with {place} to be named in\n{ended}")
        world.slipway("validate", f"oci:{name}:good")


# name: layers, and the files that there must be
TAKEN = {
    "a symlink of its own layer": ([tar(entry("opt"), symlink("bin", "opt"), entry("bin/prog", b"p"))], {"opt/prog": b"p"}),
    "a symlink of a lower layer": ([tar(entry("opt"), symlink("bin", "/opt")), tar(entry("bin/prog", b"p"))], {"opt/prog": b"p"}),
    "a file of a lower layer": ([tar(entry("a", b"x")), tar(entry("a/b", b"y"))], {"a/b": b"y"}),
    "a hard link to a lower layer": ([tar(entry("a", b"x")), tar(hardlink("b", "a"))], {"a": b"x", "b": b"x"}),
    "equal paths": ([tar(entry("a", b"first"), entry("a", b"last"))], {"a": b"last"}),
    "a marker that is a folder": ([tar(entry("a", b"x"), entry("b", b"y")), tar(entry(".wh.a"))], {"b": b"y"}),
    "names that are not UTF-8": ([tar(entry("n\udcff", b"x")), tar(entry("u\udcff", b"y"), form=tarfile.USTAR_FORMAT)],
                                 {"n\udcff": b"x", "u\udcff": b"y"}),
    "control characters": ([tar(entry("Icon\r", b"x"), form=tarfile.PAX_FORMAT)], {"Icon\r": b"x"}),
}


def test_layers_of_the_field_are_taken_by_every_command(world):
    world.write("hello", "hello")
    for number, (name, (layers, files)) in enumerate(TAKEN.items()):
        place = f"oci:taken{number}"
        Layout(world.folder / f"taken{number}").image("v1", layers)
        for argv in (["validate", place], ["validate", f"{place}:v1"], ["files", f"{place}:v1"],
                     ["copy", f"{place}:v1", f"oci:copy{number}:v1"],
                     ["build", "--base", f"{place}:v1", "--add", "hello:/srv/hello", "--no-check", "--to", f"oci:on{number}:v1"],
                     ["validate", f"oci:on{number}"], ["unpack", f"oci:on{number}:v1", f"root{number}"]):
            world.slipway(*argv)
        doubtful = name not in ("a marker that is a folder", "names that are not UTF-8",
                                "control characters")
        ended = world.slipway("validate", f"{place}:v1")
        check(("warning" in ended.err) == doubtful, f"validate to warn of what some runtime refuses: {name}\n{ended}")
        world.slipway("validate", "--strict", f"{place}:v1", status=12 if doubtful else 0)
        found = files_in(world.folder / f"root{number}")
        check_equal(found, {**files, "srv/hello": b"hello"}, f"the files of {name}")


PASSWD = [entry("etc"), entry("etc/passwd", b"inside")]
LINKED = {"etc/passwd": b"inside", "link": b"inside"}
# As containerd's own unpacking has them. name: one layer, and the files that there must be
INSIDE = {
    "absolute symlinks": ([entry("etc"), entry("dummy"), symlink("dummy/etc", "/etc"), symlink("local", "/dummy/etc"),
                           entry("local/new", b"x")], {"etc/new": b"x"}),
    "an absolute symlink behind a relative one": ([entry("etc"), entry("dummy"), symlink("dummy/etc", "/etc"),
                                                   symlink("local", "./dummy/etc"), entry("local/new", b"x")], {"etc/new": b"x"}),
    "a symlink up and out": ([entry("etc"), symlink("local", "gone/../../../etc"), entry("local/new", b"x")], {"etc/new": b"x"}),
    "a symlink down and out": ([entry("etc"), entry("a"), entry("b"), symlink("a/d", "../b/../../etc"), entry("a/d/new", b"x")],
                               {"etc/new": b"x"}),
    "a file emptied behind a symlink": ([entry("etc"), entry("etc/f", b"full"), symlink("local", "/etc"), entry("local/f", b"")],
                                        {"etc/f": b""}),
    "a hard link behind a relative symlink": (PASSWD + [entry("a"), symlink("a/d", "../../etc"), hardlink("link", "a/d/passwd")], LINKED),
    "a hard link down and out": (PASSWD + [entry("a"), entry("b"), symlink("a/d", "../b/../../etc"), hardlink("link", "a/d/passwd")],
                                 LINKED),
    "a hard link behind an absolute symlink": (PASSWD + [symlink("local", "/etc"), hardlink("link", "local/passwd")], LINKED),
    "a hard link behind a long relative symlink": (PASSWD + [symlink("local", "../" * 7 + "etc"), hardlink("link", "local/passwd")],
                                                   LINKED),
    "a hard link up and out": (PASSWD + [symlink("local", "gone/../../../etc"), hardlink("link", "local/passwd")], LINKED),
    "a hard link by an absolute name": (PASSWD + [hardlink("link", "/etc/passwd")], LINKED),
    "a hard link to a relative symlink": (PASSWD + [symlink("s", "../../../etc/passwd"), hardlink("link", "s")], {"etc/passwd": b"inside"}),
    "a hard link to an absolute symlink": (PASSWD + [symlink("s", "/etc/passwd"), hardlink("link", "s")], {"etc/passwd": b"inside"}),
}
# Unpacked inside the root, and wrong in the eyes of validate.
CLIMBING = {
    "a hard link by a name with ..": (PASSWD + [hardlink("link", "../../../etc/passwd")], LINKED),
    "a file by a name with ..": ([entry("../../etc/new", b"x")], {"etc/new": b"x"}),
}
REFUSED = {"a whiteout of nothing": [entry(".wh.", b"")], "a whiteout of its folder": [entry("a"), entry("a/.wh..", b"")],
           "a whiteout of the folder above": [entry("a"), entry("a/.wh...", b"")], "below a file": [entry("a", b"x"), entry("a/b", b"y")],
           "a hard link to nothing": [hardlink("a", "b")], "a loop of symlinks": [symlink("a", "b"), symlink("b", "a"), entry("a/x", b"x")]}


def files_in(folder):
    root, found = os.fsencode(folder), {}
    for place, _, names in os.walk(root):
        for path in (os.path.join(place, name) for name in names):
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    found[os.fsdecode(os.path.relpath(path, root))] = file.read()
    return found


def test_links_lead_nowhere_out_of_the_root(world):
    for number, (name, (entries, files)) in enumerate({**INSIDE, **CLIMBING}.items()):
        place = f"inside{number}"
        Layout(world.folder / place).image("v1", [tar(*entries)])
        world.slipway("validate", f"oci:{place}", status=12 if name in CLIMBING else 0)
        world.slipway("unpack", f"oci:{place}:v1", f"root-{place}")
        check_equal(files_in(world.folder / f"root-{place}"), files, f"the files of {name}")


def test_what_containerd_refuses_is_refused_everywhere(world):
    world.write("hello", "hello")
    for number, (name, entries) in enumerate(REFUSED.items()):
        place = f"oci:refused{number}:v1"
        Layout(world.folder / f"refused{number}").image("v1", [tar(*entries)])
        for argv in (["validate", place], ["files", place], ["unpack", place, f"root{number}"],
                     ["build", "--base", place, "--add", "hello:/srv/hello", "--no-check", "--to", f"oci:on{number}:v1"]):
            ended = world.slipway(*argv, status=None)
            check_equal(ended.status, 12, f"the status for {name} of\n{ended}\n")
        check(not (world.folder / f"root{number}").exists(), f"nothing unpacked of {name}")


def test_archives_of_gnu_tar_become_layers(world):
    source = world.folder / "source"
    (source / "opt").mkdir(parents=True)
    (source / "bin").mkdir()
    (source / "bin/prog").write_bytes(b"p")
    (source / "link").symlink_to("opt")
    with open(os.fsencode(source) + b"/n\xff\r", "wb") as file:
        file.write(b"x")
    archive = world.folder / "app.tar"
    world.tool("tar", "--format=gnu", "-cf", archive, "-C", source, ".")
    world.tool("tar", "-rf", archive, "-C", source, "--transform=s,^bin,link,", "bin/prog")
    world.write("slipway.yaml", "app: a\nimage:\n  platforms: [linux/amd64]\n  layers:\n    - {name: app, archive: app.tar}\n")
    world.slipway("build", "--no-check", "--to", "oci:out:v1")
    world.slipway("validate", "oci:out")
    world.slipway("unpack", "oci:out:v1", "root")
    root = world.folder / "root"
    check_equal((root / "opt/prog").read_bytes(), b"p", "what lies below a symlink of the archive")
    check(os.path.exists(os.fsencode(root) + b"/n\xff\r"), "a name with bytes that are not UTF-8")
