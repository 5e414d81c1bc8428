"""A full disk, a limit on file sizes, an unwritable place and a closed standard output: failed (1), said, undone."""
import os
import resource
import shutil
import subprocess

from harness import check, check_equal, check_layout, layout_tags, program
from projects import Project


def mounted(world, size):
    """A file system of so few bytes, or None where this machine lets nobody mount one."""
    folder = world.folder / "small"
    folder.mkdir()
    ended = world.tool("mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder, status=None) if os.getuid() == 0 else None
    if ended is None or ended.status != 0:
        world.lacks("mount", "refused: files are limited with RLIMIT_FSIZE instead")
        return None
    world.stack.callback(subprocess.run, ["umount", folder], check=True)
    return folder


def limited(size, signals=False):
    """What a child does first: no file longer than `size`. Unless `signals`, the system reports an error without a signal."""
    def apply():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return {"preexec_fn": apply, "restore_signals": signals}


def big_build(world, to):
    world.write("big", os.urandom(3 << 20))
    return ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "big:/big", "--to", to]


def test_build_onto_a_full_disk(world):
    folder = mounted(world, "1m")
    if folder is None:
        return
    ended = world.slipway(*big_build(world, f"oci:{folder}/out:v1"), status=1)
    check("No space left" in ended.err or "disk is full" in ended.err, f"the reason in\n{ended}")
    check(str(folder) in ended.err or "out" in ended.err, f"the place in\n{ended}")
    check_equal(ended.out, "", "standard output")
    check_equal(check_layout(folder / "out"), {}, "tags")
    left = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    check(left < 100_000, f"what could not be finished to be gone, not {left} bytes")
    # With room again the same command completes.
    world.tool("mount", "-o", "remount,size=16m", folder)
    world.slipway(*big_build(world, f"oci:{folder}/out:v1"))


def test_a_limit_on_file_sizes_is_an_error_and_no_signal(world):
    project = Project(world)
    digest = project.build()
    ended = project.slipway("release", "staging", status=1, **limited(100, signals=True))
    check("File too large" in ended.err, f"the reason in\n{ended}")
    check_equal(project.slipway("release", "staging").digest, digest, "the release without the limit")


def test_promote_onto_a_full_disk(world):
    folder = mounted(world, "512k")
    if folder is None:
        return
    project = Project(world, production=f"oci:{folder}/prod")
    project.slipway("build", "--push")
    world.write("project/data/big", os.urandom(1 << 20))
    digest = project.build()
    project.slipway("release", "staging")
    ended = project.slipway("promote", "staging", "production", status=1)
    check("No space left" in ended.err or "disk is full" in ended.err, f"the reason in\n{ended}")
    check_equal(check_layout(folder / "prod"), {}, "tags of production")
    world.tool("mount", "-o", "remount,size=16m", folder)
    check_equal(project.slipway("promote", "staging", "production").digest, digest, "promote with room again")
    check_equal([row["number"] for row in project.history("production")], [1], "history in the end")


def test_files_that_may_not_grow(world):
    ended = world.slipway(*big_build(world, "oci:out:v1"), status=1, **limited(1 << 20))
    check("out" in ended.err and "terminate" not in ended.err, f"the place in\n{ended}")
    check_equal(check_layout(world.folder / "out"), {}, "tags")
    world.slipway(*big_build(world, "oci:out:v1"))
    check_equal(list(layout_tags(world.folder / "out")), ["v1"], "tags in the end")


def test_files_that_may_not_be_read(world):
    """Left out by no means: an image without a file that was asked for is a wrong image."""
    world.write("tree/a", "a")
    secret = world.write("tree/sub/secret", "not for everybody", 0o000)
    program_here = world.folder / "slipway"
    shutil.copy2(program(), program_here)  # it may stand where only its owner can look
    program_here.chmod(0o755)
    world.folder.joinpath("out-of-nobody").mkdir(mode=0o777)
    place = world.folder / "out-of-nobody"
    place.chmod(0o777)
    someone = dict(user=65534, group=65534, extra_groups=[]) if os.getuid() == 0 else {}
    build = [program_here, "build", "--base", "scratch", "--platform", "linux/amd64", "--to", "oci:out:v1", "--add"]
    options = dict(status=1, cwd=place, env={"HOME": str(place), "XDG_RUNTIME_DIR": "", "TMPDIR": str(place)}, **someone)
    for argument in (f"{world.folder}/tree:/srv", f"{secret}:/secret"):
        ended = world.tool(*build, argument, **options)
        check("secret" in ended.err and "ermission denied" in ended.err, f"the file and why in\n{ended}")
        check_equal(ended.out, "", "standard output")
        check_equal(check_layout(place / "out"), {}, "tags")
    secret.chmod(0o644)
    world.tool(*build, f"{world.folder}/tree:/srv", **{**options, "status": 0})


def test_standard_output_that_takes_nothing(world):
    world.write("file", "content")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/f", "--to", "oci:out:v1")
    for argv in (["digest", "oci:out:v1"], ["manifest", "oci:out:v1"], ["inspect", "oci:out:v1"], ["version"], ["--help"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program(), *argv], cwd=world.folder, env=world.env, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        check_equal(done.returncode, 1, f"the status of {argv} onto a full device ({done.stderr.decode()})")


def test_a_place_that_may_not_be_written(world):
    world.write("file", "content")  # root may write everywhere: a file in the way stands for a place that is closed
    world.write("out", "a file where the layout should be")
    ended = world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/f", "--to", "oci:out:v1",
                          status=None)
    check(ended.status in (1, 13) and str(world.folder / "out") in ended.err, f"the place in\n{ended}")
    check_equal((world.folder / "out").read_text(), "a file where the layout should be", "the file in the way")
