"""Copying between real registries: how many requests one image costs."""
import hashlib
import json

from harness import check, check_equal

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
