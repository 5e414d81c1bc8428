"""Copying between real registries, and to archives: how many requests one image costs, and who else reads what is written."""
import hashlib
import io
import json
import os
import signal
import tarfile
import time

from between import Cutter
from harness import check, check_equal, program

LAYER = "application/vnd.oci.image.layer.v1.tar"


def tar_of(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def image(world, name="image", layers=5):
    """A layout with one image of `layers` small layers and a config: `layers` + 1 blobs; its location."""
    folder = world.folder / name
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    tars = [tar_of(f"file-{i}") for i in range(layers)]
    config = {"architecture": "amd64", "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(json.dumps(config).encode())},
                "layers": [{"mediaType": LAYER, **put(tar)} for tar in tars]}
    root = {"mediaType": manifest["mediaType"], **put(json.dumps(manifest).encode()),
            "annotations": {"org.opencontainers.image.ref.name": "v1"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return f"oci:{folder}:v1"


def test_an_image_is_copied_with_the_fewest_requests(world):
    near, far = world.registry(), world.registry()
    world.slipway("copy", image(world), f"{near.host}/team/app:v1")

    def cost(*command):
        before = len(near.requests()), len(far.requests())
        world.slipway(*command)
        return len(near.requests()) - before[0] + len(far.requests()) - before[1]

    source = f"{near.host}/team/app:v1"
    check_equal(cost("copy", source, f"{far.host}/team/app:v1"), 22, "requests to an empty registry")
    check_equal(cost("copy", source, f"{far.host}/team/app:v1"), 2, "requests of the same again")
    check(cost("copy", source, f"{near.host}/prod/app:v1") <= 10, "at most 10 requests to mount in another repository")
    check_equal(cost("tag", source, "stable"), 2, "requests of another tag")
    check(cost("copy", source, f"{far.host}/team/app:v2") <= 4, "at most 4 requests where everything is there")
    check_equal(far.digest_of("team/app", "v1"), near.digest_of("team/app", "stable"), "the copied digest")


def raw_manifest(world, location):
    return world.tool("skopeo", "inspect", "--raw", location).out


def test_archives_are_read_by_others_and_theirs_by_us(world):
    source = image(world)
    raw = raw_manifest(world, source)
    digest = "sha256:" + hashlib.sha256(raw.encode()).hexdigest()
    for form, name in (("oci-archive", "v1"), ("docker-archive", "docker.io/team/app:v1")):
        ours, theirs = world.folder / f"{form}.tar", world.folder / f"{form}-skopeo.tar"
        ended = world.slipway("copy", source, f"{form}:{ours}:{name}")
        check_equal(ended.digest, digest, "the digest in the archive")
        first = ours.read_bytes()
        ours.unlink()
        world.slipway("copy", source, f"{form}:{ours}:{name}")
        check_equal(ours.read_bytes(), first, "the bytes written a second time")
        check_equal(world.slipway("ls", f"{form}:{ours}").lines, [name], "its tags")
        world.tool("skopeo", "copy", f"{form}:{ours}:{name}", f"dir:{world.folder}/{form}-dir")
        check(len(list((world.folder / f"{form}-dir").iterdir())) >= 7, "skopeo to read the archive")
        world.tool("skopeo", "copy", source, f"{form}:{theirs}:{name}")
        read = world.slipway("copy", f"{form}:{theirs}:{name}", f"oci:{world.folder}/{form}-back:v1")
        world.slipway("validate", f"oci:{world.folder}/{form}-back:v1")
        if form == "oci-archive":
            check_equal(raw_manifest(world, f"oci-archive:{ours}:{name}"), raw, "the manifest as skopeo reads it")
            check_equal(read.digest, world.slipway("digest", f"oci-archive:{theirs}:{name}").digest, "a copied digest")


def test_podman_loads_what_is_piped_to_it(world):
    source = image(world)
    piped = f"{world.folder}/piped.tar"
    ended = world.tool("sh", "-c", f"'{program()}' copy {source} docker-archive:-:team/app:v1 >{piped}")
    check_equal(ended.out, "", "nothing but the archive on standard output")
    check("docker-archive:-:" in ended.err, f"the result line on standard error of\n{ended}")
    stores = ("--root", world.folder / "store", "--runroot", world.folder / "run", "--storage-driver", "vfs")
    loaded = world.tool("podman", *stores, "load", "-i", piped)
    check("docker.io/team/app:v1" in loaded.out, f"the image's name in\n{loaded}")
    back = world.tool("sh", "-c", f"gzip -c {piped} | '{program()}' copy docker-archive:-:team/app:v1 oci:{world.folder}/back:v1")
    check_equal(back.digest, world.slipway("digest", source).digest, "the digest after the pipe")


def test_many_images_go_in_one_command(world):
    near, far = world.registry(), world.registry()
    names = [f"{near.host}/team/app{i}" for i in range(6)]
    for i, name in enumerate(names):
        world.slipway("copy", image(world, f"image{i}", layers=i + 1), f"{name}:v1")
    done = world.slipway("copy", *[f"{name}:v1" for name in names], f"{far.host}/mirror/")
    check_equal([line.split("@")[0] for line in done.lines], [f"{far.host}/mirror/app{i}:v1" for i in range(6)], "the results in order")
    for i in range(6):
        check_equal(far.digest_of(f"mirror/app{i}", "v1"), near.digest_of(f"team/app{i}", "v1"), f"the copy of app{i}")
    # One that is not there does not keep the others.
    world.write("list", f"# what production runs\n{names[0]}:v1 {far.host}/other/one:v7\n\n{near.host}/team/none:v1\n{names[1]}:v1\n")
    ended = world.slipway("copy", "--from-file", "list", f"{far.host}/other/", status=13)
    check_equal([line.split("@")[0] for line in ended.lines], [f"{far.host}/other/one:v7", f"{far.host}/other/app1:v1"], "the others")
    check("team/none:v1" in ended.err and "2 of 3 images were copied" in ended.err, f"what failed in\n{ended}")
    # Ambiguous words are refused before anything is written.
    for words, needle in (([f"{names[0]}:v1", f"{near.host}/prod/app0:v1", f"{far.host}/x/"], "two sources have the destination"),
                          ([names[0], f"{names[1]}:v1", f"{far.host}/x/"], "no tag"),
                          ([f"{names[0]}:v1", f"{names[1]}:v1", f"{far.host}/x"], "cannot copy several images to one destination"),
                          ([f"{names[0]}:v1"], "SRC DST")):
        check(needle in world.slipway("copy", *words, status=2).err, f"{needle} of {words}")
    check_equal([path for _, path, _ in far.requests() if "/x/" in path], [], "requests for what was refused")
    for tag in ("v2", "v3"):
        world.slipway("tag", f"{names[0]}:v1", tag)
    world.slipway("copy", "--all-tags", names[0], f"{far.host}/all/app")
    check_equal(world.slipway("ls", f"{far.host}/all/app").lines, ["v1", "v2", "v3"], "every tag")


def attach(world, subject, name, of):
    """An artifact whose subject is a manifest of a layout."""
    folder = world.folder / name
    manifest = json.loads((folder / "blobs/sha256" / subject.split(":")[1]).read_text())
    empty = b"{}"
    text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": of,
                       "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                                  "digest": "sha256:" + hashlib.sha256(empty).hexdigest()},
                       "layers": [{"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                                   "digest": "sha256:" + hashlib.sha256(empty).hexdigest()}],
                       "subject": {"mediaType": manifest["mediaType"], "digest": subject,
                                   "size": len((folder / "blobs/sha256" / subject.split(":")[1]).read_bytes())}}).encode()
    digest = hashlib.sha256(text).hexdigest()
    for data in (empty, text):
        (folder / "blobs/sha256" / hashlib.sha256(data).hexdigest()).write_bytes(data)
    index = json.loads((folder / "index.json").read_text())
    index["manifests"].append({"mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": of,
                               "digest": f"sha256:{digest}", "size": len(text)})
    (folder / "index.json").write_text(json.dumps(index))
    return f"sha256:{digest}"


def test_what_is_attached_comes_along(world):
    near, far = world.registry(), world.registry()
    source = image(world)
    digest = world.slipway("digest", source).lines[0]
    sbom = attach(world, digest, "image", "application/spdx+json")
    signature = attach(world, sbom, "image", "application/vnd.example.signature")
    attached = lambda place: [line.split()[0] for line in world.slipway("referrers", place).lines]
    world.slipway("copy", "--referrers", source, f"{near.host}/team/app:v1")
    world.slipway("copy", image(world, "signature", layers=1), f"{near.host}/team/app:{digest.replace(':', '-')}.sig")
    before = len(far.requests())
    ended = world.slipway("copy", "--referrers", f"{near.host}/team/app:v1", f"{far.host}/prod/app:v1")
    check("3 manifests are attached" in ended.err, f"what was attached in\n{ended}")
    for host, repository in ((near.host, "team/app"), (far.host, "prod/app")):
        check(sbom in world.slipway("referrers", f"{host}/{repository}:v1").out, f"the SBOM at {host}")
        check(signature in world.slipway("referrers", f"{host}/{repository}@{sbom}").out, f"the SBOM's signature at {host}")
    check_equal(far.digest_of("prod/app", digest.replace(":", "-") + ".sig"),
                near.digest_of("team/app", digest.replace(":", "-") + ".sig"), "cosign's tag")
    tagged = [path for method, path, _ in far.requests()[before:] if method == "PUT" and "/manifests/" in path]
    check(tagged[-1].endswith("/manifests/v1"), f"the tag to be the last that is written, not {tagged}")
    # Into a layout, and without asking for it nothing comes.
    world.slipway("copy", "--referrers", f"{near.host}/team/app:v1", "oci:back:v1")
    check(sbom in world.slipway("referrers", "oci:back:v1").out, "the SBOM in the layout")
    world.slipway("copy", f"{near.host}/team/app:v1", "oci:alone:v1")
    check_equal(world.slipway("referrers", "oci:alone:v1").out, "", "nothing attached")


def test_of_an_index_only_the_platforms_asked_for(world):
    for arch in ("amd64", "arm64", "s390x"):
        world.write(f"app-{arch}", arch)
        world.slipway("build", "--base", "scratch", "--platform", f"linux/{arch}", "--add", f"app-{arch}:/app", "--to", f"oci:one:{arch}")
    world.slipway("index", "oci:all:v1", "oci:one:amd64", "oci:one:arm64", "oci:one:s390x")
    whole = world.slipway("digest", "oci:all:v1").lines[0]
    two = world.slipway("copy", "--platform", "linux/amd64", "--platform", "linux/s390x", "oci:all:v1", "oci:two:v1")
    check("another digest" in two.err and two.digest != whole, f"to hear that the digest changes in\n{two}")
    listed = json.loads(world.slipway("manifest", "oci:two:v1").out)["manifests"]
    check_equal([child["platform"]["architecture"] for child in listed], ["amd64", "s390x"], "the platforms")
    world.slipway("validate", "oci:two:v1")
    one = world.slipway("copy", "--platform", "linux/arm64", "oci:all:v1", "oci:single:v1")
    check_equal(one.digest, world.slipway("digest", "oci:one:arm64").lines[0], "the one image")
    same = world.slipway("copy", *[f"--platform=linux/{arch}" for arch in ("amd64", "arm64", "s390x")], "oci:all:v1", "oci:same:v1")
    check_equal(same.digest, whole, "all of them")
    world.slipway("copy", "--platform", "linux/riscv64", "oci:all:v1", "oci:none:v1", status=13)
    check(not (world.folder / "none").exists(), "nothing to be written")


def blobs_of(registry):
    """Every blob that a registry stores, by digest."""
    stored = registry.data / "docker/registry/v2/blobs/sha256"
    return {path.parent.name: path.read_bytes() for path in stored.glob("*/*/data")}


def test_skopeo_carries_on_what_we_copied_and_we_what_it_did(world):
    here, there, back = world.registry(), world.registry(), world.registry()
    world.write("data", b"x" * 5000)
    built = world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--platform", "linux/arm64", "--add",
                          "data:/data", "--to", "oci:both:v1")
    world.slipway("copy", "oci:both:v1", f"{here.host}/team/app:v1")
    skopeo = ("skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false")
    world.tool(*skopeo, f"docker://{here.host}/team/app:v1", f"docker://{there.host}/team/app:v1")
    copied = world.slipway("copy", f"{there.host}/team/app:v1", f"{back.host}/team/app:v1")
    check_equal(copied.digest, built.digest, "the digest")
    check(len(blobs_of(here)) >= 6, f"an index, two images: {list(blobs_of(here))}")
    check_equal(sorted(blobs_of(there)), sorted(blobs_of(here)), "what skopeo copied of ours")
    check_equal(blobs_of(back), blobs_of(there), "what we copied of skopeo's")


def test_an_interrupted_copy_goes_on_with_what_is_not_there(world):
    """docker-registry forgets an upload whose connection broke; the blobs before it are not sent again."""
    size = 12 << 20
    folders = []
    for number in range(3):
        world.write(f"data{number}", os.urandom(size))
        folders += ["--add", f"data{number}:/data{number}"]
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", *folders[:2], "--compression", "none", "--to",
                  "oci:one:v1")
    world.slipway("build", "--base", "oci:one:v1", *folders[2:4], "--compression", "none", "--to", "oci:two:v1")
    whole = world.slipway("build", "--base", "oci:two:v1", *folders[4:], "--compression", "none", "--to", "oci:all:v1")
    for how, status in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        registry = world.registry()
        with Cutter(registry.host, pause=0.001) as wire:
            process = world.start("copy", "-j", "1", "oci:all:v1", f"{wire.host}/team/app:v1")
            while wire.passed["up"] < 2.4 * size and process.poll() is None:
                time.sleep(0.002)
            asked = time.monotonic()
            process.send_signal(how)
            check_equal(process.wait(20), status, "the status of what was interrupted")
            check(time.monotonic() - asked < 3, "it ends at once")
            check_equal(registry.status("/v2/team/app/manifests/v1"), 404, "the tag of half an image")
        with Cutter(registry.host) as wire:
            again = world.slipway("copy", "oci:all:v1", f"{wire.host}/team/app:v1")
            check_equal(again.digest, whole.digest, "the digest")
            check(wire.passed["up"] < 1.1 * size, f"one blob of three, not {wire.passed} of {3 * size}")
