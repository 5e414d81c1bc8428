"""The same files give the same digest wherever, whoever and whenever builds them."""
import os
import pathlib
import shutil

from harness import check, check_equal, program

NAMES = ["a.txt", "b/one", "b/two", "bin/tool", "Ä ö", "z" * 120, "c/" + "d" * 90 + "/" + "e" * 90]


def fill(folder, names, umask=0o022):
    """Creates the same files in the given order, under the given umask."""
    before = os.umask(umask)
    try:
        for name in names:
            path = folder / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("content of " + name)
            if name.startswith("bin/"):
                path.chmod(path.stat().st_mode | 0o100)
        (folder / "in" / "link").symlink_to("a.txt")
    finally:
        os.umask(before)
    return folder


def build(world, folder, *more, **options):
    ended = world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "in:/srv", "--entrypoint",
                          '["/srv/bin/tool"]', "--env", "A=b", "--label", "k=v", "--to", "oci:out:v1", *more, cwd=folder,
                          **options)
    return ended.digest


def test_the_one_line_of_a_build(world):
    world.static_program()
    ended = world.slipway("build", "--base", "scratch", "--add", "hello:/usr/bin/hello:0755", "--entrypoint",
                          "/usr/bin/hello", "--to", "oci:out:v1")
    check_equal(ended.out, f"oci:out:v1@{ended.digest}\n", "standard output")


def test_one_digest_in_every_surrounding(world):
    wanted = build(world, fill(world.folder / "first", NAMES))
    cases = {
        "another folder and creation order": dict(names=NAMES[::-1]),
        "umask 077": dict(names=NAMES, umask=0o077),
        "umask 000": dict(names=NAMES, umask=0),
        "a German locale": dict(names=NAMES, env={"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE"}),
        "the C locale": dict(names=NAMES, env={"LC_ALL": "C"}),
        "a Turkish locale, where i and I differ": dict(names=NAMES, env={"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR"}),
        "another time zone": dict(names=NAMES, env={"TZ": "Pacific/Auckland"}),
        "one lane": dict(names=NAMES, more=["--jobs", "1"]),
        "two lanes": dict(names=NAMES, more=["--jobs", "2"]),
        "eight lanes": dict(names=NAMES, more=["--jobs", "8"]),
        "more lanes than files": dict(names=NAMES, more=["--jobs", "64"]),
        "no home and no TMPDIR": dict(names=NAMES, env={"HOME": "/nonexistent", "TMPDIR": "/tmp"}),
    }
    for number, (what, case) in enumerate(cases.items()):
        folder = fill(world.folder / f"case{number}" / "deeper", case["names"], case.get("umask", 0o022))
        got = build(world, folder, *case.get("more", ()), env=case.get("env"), umask=case.get("umask", -1))
        check_equal(got, wanted, what)


def test_times_of_files_do_not_count(world):
    wanted = build(world, fill(world.folder / "now", NAMES))
    folder = fill(world.folder / "then", NAMES)
    for path in sorted(folder.rglob("*")):
        os.utime(path, (12345, 1700000000 + len(str(path))), follow_symlinks=False)
    check_equal(build(world, folder), wanted, "with other times")


def test_another_user_gives_the_same(world):
    wanted = build(world, fill(world.folder / "own", NAMES))
    folder = fill(world.folder / "other", NAMES)
    if os.getuid() != 0:
        world.lacks("root", "the other user is left out")
        return
    # The program may be where only its owner can look.
    copied = world.folder / "slipway"
    shutil.copy2(program(), copied)
    copied.chmod(0o755)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    (world.folder / "other-home").mkdir()
    os.chown(world.folder / "other-home", 65534, 65534)
    ended = world.tool(copied, "build", "--base", "scratch", "--platform", "linux/amd64", "--add", "in:/srv",
                       "--entrypoint", '["/srv/bin/tool"]', "--env", "A=b", "--label", "k=v", "--to", "oci:out:v1",
                       cwd=folder, user=65534, group=65534, extra_groups=[],
                       env={"HOME": str(world.folder / "other-home"), "XDG_RUNTIME_DIR": ""})
    check_equal(ended.digest, wanted, "as nobody")


def test_what_does_change_the_digest(world):
    """The counterpart: a build that ignored its input would pass everything above."""
    wanted = build(world, fill(world.folder / "same", NAMES))
    changed = fill(world.folder / "content", NAMES)
    (changed / "in/a.txt").write_text("Content of a.txt")
    executable = fill(world.folder / "executable", NAMES)
    (executable / "in/a.txt").chmod(0o755)
    renamed = fill(world.folder / "renamed", NAMES)
    (renamed / "in/a.txt").rename(renamed / "in/a.text")
    digests = [wanted] + [build(world, folder) for folder in (changed, executable, renamed)]
    digests.append(build(world, fill(world.folder / "label", NAMES), "--label", "k=w"))
    digests.append(build(world, fill(world.folder / "epoch", NAMES), env={"SOURCE_DATE_EPOCH": "1700000000"}))
    check_equal(len(set(digests)), len(digests), f"digests that differ among {digests}")


def test_building_twice_adds_nothing(world):
    folder = fill(world.folder / "twice", NAMES)
    first = build(world, folder)
    layout = folder / "out"
    before = sorted(path.name for path in layout.glob("blobs/*/*"))
    index = (layout / "index.json").read_bytes()
    check_equal(build(world, folder), first, "the second build")
    check_equal(sorted(path.name for path in layout.glob("blobs/*/*")), before, "the layout's blobs")
    check_equal((layout / "index.json").read_bytes(), index, "index.json")
    check_equal(sorted(path.name for path in pathlib.Path(layout).iterdir() if not path.name.startswith(".slipway")),
                ["blobs", "index.json", "oci-layout"], "what a layout holds")
