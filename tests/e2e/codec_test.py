"""Codecs: library versions make other bytes, so a machine whose library is another one refuses to build."""
import json

from harness import check, check_equal, layout_blob
from projects import Project

CODECS = ("zstd-1.5.4", "zstd-1.5.7")  # the first is implied by compatibility level 1


def zstd_project(world):
    project = Project(world)
    text = (project.folder / "slipway.yaml").read_text()
    project._write("slipway.yaml", text.replace("  config: {entrypoint", "  compression: {format: zstd, level: best}\n  config: {entrypoint"))
    return project


def test_the_installed_codec_is_taken_and_every_other_refused_before_any_work(world):
    project = zstd_project(world)
    statuses = {codec: project.slipway("build", "--push", "--codec", codec, "--dry-run", status=None).status for codec in CODECS}
    check_equal(sorted(statuses.values()), [0, 2], "one codec is installed")
    ours, other = sorted(CODECS, key=statuses.get)
    ended = project.slipway("build", "--push", "--codec", other, status=2)
    check(ours in ended.err and other in ended.err and "--codec" in ended.err, f"both versions and a way out in\n{ended}")
    check(not (project.folder / "images").exists(), "nothing to be written")
    project.slipway("build", "--push", "--codec", "zstd-9", status=2)
    digest = project.slipway("build", "--push", "--codec", ours).digest
    manifest = json.loads(layout_blob(project.folder / "images", digest))
    implied = ours == CODECS[0]
    check_equal(manifest["annotations"].get("io.slipway.codec"), None if implied else ours, "the annotation")
    lock = project.folder / "slipway.lock"
    check_equal(json.loads(lock.read_text())["codecs"] if lock.exists() else {}, {} if implied else {"zstd": ours}, "the lock")
    check_equal(project.build(), digest, "the build that the lock decides")


def test_a_lock_of_another_codec_is_kept_to(world):
    project = zstd_project(world)
    installed = [codec for codec in CODECS
                 if project.slipway("build", "--push", "--codec", codec, "--dry-run", status=None).status == 0]
    project._write("slipway.lock", json.dumps({"schema": "slipway/v1/lock", "images": {}, "codecs": {"zstd": "zstd-1.5.7"}}))
    ended = project.slipway("build", "--push", status=0 if installed == ["zstd-1.5.7"] else 2)
    if installed != ["zstd-1.5.7"]:
        check("zstd-1.5.7" in ended.err, f"the lock's codec in\n{ended}")
    # gzip's default level is the same everywhere: the lock's codec of zstd does not matter.
    text = (project.folder / "slipway.yaml").read_text()
    project._write("slipway.yaml", text.replace("{format: zstd, level: best}", "{format: gzip}"))
    project.build()
