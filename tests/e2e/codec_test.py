"""Codecs: library versions make other bytes, so a machine whose library is another one refuses to build."""
import hashlib
import json
import re

from harness import ROOT, check, check_equal, layout_blob
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
    check_equal(json.loads(lock.read_text())["codecs"], {"zstd": ours}, "the lock")
    check_equal(project.build(), digest, "the build that the lock decides")


def test_a_new_project_keeps_the_codec_of_the_machine_that_builds_it_first(world):
    project = zstd_project(world)
    lock = project.folder / "slipway.lock"
    ours = next(codec for codec in CODECS
                if project.slipway("build", "--push", "--codec", codec, "--dry-run", status=None).status == 0)
    check(not lock.exists(), "a dry run writes no lock")
    # In CI the lock may not change, so level 1 is implied.
    project.slipway("build", "--push", "--locked", "--dry-run", status=0 if ours == CODECS[0] else 2)
    digest = project.slipway("build", "--push").digest
    check_equal(json.loads(lock.read_text())["codecs"], {"zstd": ours}, "the lock of the first build")
    manifest = json.loads(layout_blob(project.folder / "images", digest))
    check_equal(manifest["annotations"].get("io.slipway.codec"), None if ours == CODECS[0] else ours, "the annotation")
    check_equal(project.slipway("build", "--push", "--locked").digest, digest, "the locked build")
    # A lock without codecs is an older one: its layers have the bytes of level 1.
    lock.write_text(json.dumps({"schema": "slipway/v1/lock", "images": {}}))
    project.slipway("build", "--push", status=0 if ours == CODECS[0] else 2)
    check("codecs" not in json.loads(lock.read_text()), "an older lock stays as it is")
    # gzip's default level is the same everywhere.
    lock.unlink()
    text = (project.folder / "slipway.yaml").read_text()
    project._write("slipway.yaml", text.replace("{format: zstd, level: best}", "{format: gzip}"))
    project.slipway("build", "--push")
    check(not lock.exists(), "no lock for bytes that are the same everywhere")


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


def noise(label, size):
    return b"".join(hashlib.sha256(f"{label} {i}".encode()).digest() for i in range(size // 32 + 1))[:size]


def golden_tree(folder):
    """Files for what libraries may do differently: far matches, noise, mixtures, and the edges of blocks."""
    words = [word.encode() for word in "slipway packs the same files into the same bytes on every machine".split()]
    picks = noise("words", 3 << 20)
    text = b" ".join(words[byte % len(words)] for byte in picks[:400_000])
    far = noise("far", 1 << 20)
    files = {"empty": b"", "byte": b"x", "text": text, "noise": noise("noise", 1_500_000), "zeros": bytes(3_000_000),
             "far": far + text[:700_000] + far + noise("gap", 9) + far[::-1],
             "mixed": b"".join(noise(f"m{i}", 200) + text[i * 977:i * 977 + 300] for i in range(2000))}
    for edge in (1 << 16, 1 << 17, 1 << 20):
        for off in (-1, 0, 1):
            files[f"edge-{edge + off}"] = (text * 2)[:edge + off]
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def golden_digests():
    """(compression, codec or "", digest) of each row of the table in docs/FORMATS.md."""
    row = re.compile(r"^\| (none|(?:gzip|zstd):\w+) \| ([\w.-]*) ?\| (sha256:[0-9a-f]{64}) \|", re.M)
    return row.findall((ROOT / "docs/FORMATS.md").read_text())


def test_the_golden_digests_of_the_codecs_that_this_machine_has(world):
    golden_tree(world.folder / "tree")
    rows = golden_digests()
    check_equal(len(rows), 11, "the rows of the table")
    made = {}
    for compression, codec, digest in rows:
        folder = world.folder / f"{compression}-{codec}".replace(":", "-")  # the codec is kept in its slipway.lock
        folder.mkdir()
        ended = world.slipway("build", "-q", "--base", "scratch", "--platform", "linux/amd64", "--no-cache", "--add",
                              f"{world.folder}/tree:/srv", "--compression", compression,
                              *(["--codec", codec] if codec else []), "--to", "oci:out:v1", status=None, cwd=folder)
        if ended.status == 0:
            check_equal(ended.digest, digest, f"the digest of {compression} by {codec}")
            made[compression] = codec
        else:
            check_equal(ended.status, 2, f"the status of {compression} by {codec}")
            check(codec in ended.err, f"{codec} in\n{ended}")
    check_equal(sorted(made), sorted({compression for compression, _, _ in rows}), "one codec for each format and level")
