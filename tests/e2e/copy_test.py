"""Copying between real registries, and to archives: how many requests one image costs, and who else reads what is written."""
import hashlib
import json

from harness import check, check_equal, program

LAYER = "application/vnd.oci.image.layer.v1.tar"


def image(world, name="image", layers=5):
    """A layout with one image of `layers` small layers and a config: `layers` + 1 blobs; its location."""
    folder = world.folder / name
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    tars = [bytes(1024) + i.to_bytes(4, "big") + bytes(508) for i in range(layers)]
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
