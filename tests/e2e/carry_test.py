"""Signatures and attestations reach every environment, in both of cosign's forms, with and without the referrers API.

With cosign in PATH the real one signs and verifies; without it the same manifests are made here and looked for.
"""
import base64
import hashlib
import http.client
import json
import shutil
import sys

from harness import ROOT, check, check_equal
from projects import Project

sys.path.insert(0, str(ROOT / "tests/registry_support"))
from quirky_registry import QuirkyRegistry  # noqa: E402  (found beside the tests)

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"


class Raw:
    """Requests to one repository, as any client would send them."""

    def __init__(self, host, repository):
        self.host, self.repository = host, repository

    def send(self, method, path, body=b"", kind=None):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        headers = {"Content-Type": kind} if kind else {}
        connection.request(method, f"/v2/{self.repository}{path}" if path.startswith("/") else path, body,
                           {**headers, "Accept": f"{MANIFEST}, {INDEX}"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.headers, data

    def blob(self, data, kind):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        _, headers, _ = self.send("POST", "/blobs/uploads/")
        place = headers["Location"].split(self.host)[-1]
        path = place[len(f"/v2/{self.repository}"):]
        status = self.send("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", data, "application/octet-stream")[0]
        check_equal(status, 201, f"the upload of {kind}")
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def manifest(self, document, reference=None, kind=MANIFEST):
        data = json.dumps(document).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        status, headers, _ = self.send("PUT", f"/manifests/{reference or digest}", data, kind)
        check_equal(status, 201, "a manifest")
        return digest, len(data), headers

    def get(self, reference):
        status, headers, data = self.send("GET", f"/manifests/{reference}")
        return json.loads(data) if status == 200 else None

    def referrers(self, digest):
        """The digests of a subject's referrers, from the API or the fallback tag."""
        status, _, data = self.send("GET", f"/referrers/{digest}")
        found = json.loads(data) if status == 200 else self.get(digest.replace(":", "-"))
        return {entry["digest"]: entry["artifactType"] for entry in (found or {"manifests": []})["manifests"]}


def sign_by_hand(raw, digest, size):
    """A `.sig` tag, a `.att` tag and a bundle, in cosign's form; their signatures are no more than bytes."""
    tag = digest.replace(":", "-")
    payload = json.dumps({"critical": {"identity": {"docker-reference": raw.repository},
                                       "image": {"docker-manifest-digest": digest},
                                       "type": "cosign container image signature"}, "optional": None}).encode()
    layer = {**raw.blob(payload, PAYLOAD),
             "annotations": {"dev.cosignproject.cosign/signature": base64.b64encode(b"by key one").decode()}}
    config = raw.blob(json.dumps({"rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(),
                      "application/vnd.oci.image.config.v1+json")
    raw.manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}, f"{tag}.sig")
    envelope = {**raw.blob(b'{"payloadType":"application/vnd.in-toto+json"}', "application/vnd.dsse.envelope.v1+json"),
                "annotations": {"dev.cosignproject.cosign/signature": ""}}
    raw.manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [envelope]}, f"{tag}.att")
    empty = raw.blob(b"{}", "application/vnd.oci.empty.v1+json")
    bundle, length, headers = raw.manifest({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": empty,
        "layers": [raw.blob(b'{"mediaType":"bundle"}', BUNDLE)],
        "subject": {"mediaType": MANIFEST, "digest": digest, "size": size}})
    if "OCI-Subject" not in headers:
        entry = {"mediaType": MANIFEST, "digest": bundle, "size": length, "artifactType": BUNDLE}
        raw.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}, tag, INDEX)


def cosign(world, *argv, status=0):
    return world.tool("cosign", *argv, env={"COSIGN_PASSWORD": "secret"}, status=status)


def sign(world, raw, digest, size):
    if not shutil.which("cosign"):
        return sign_by_hand(raw, digest, size)
    cosign(world, "generate-key-pair")
    common = ("--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "-y")
    for form in ("--new-bundle-format=true", "--new-bundle-format=false"):
        cosign(world, "sign", *common, form, f"{raw.host}/{raw.repository}@{digest}")
    world.note("signed and verified by cosign")


def check_signed(world, source, raw, digest):
    """Both forms are in the repository as they are where the build was signed; cosign, if there is one, verifies."""
    tag = digest.replace(":", "-")
    for suffix in ("sig", "att"):
        check_equal(raw.get(f"{tag}.{suffix}"), source.get(f"{tag}.{suffix}"), f"{raw.repository}: {suffix}")
    bundles = lambda place: {one for one, kind in place.referrers(digest).items() if place.get(one)["artifactType"] == BUNDLE}
    check(bundles(source), "a bundle where the build was signed")
    check_equal(bundles(raw), bundles(source), f"{raw.repository}: bundles")
    if not shutil.which("cosign"):
        return
    for form in ("true", "false"):
        cosign(world, "verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true", "--allow-http-registry",
               f"--new-bundle-format={form}", f"{raw.host}/{raw.repository}@{digest}")


def carry_through(world, host):
    place = lambda name: f"{host}/{name}/hello"
    project = Project(world, repository=place("team"), staging=place("staging"), production=place("prod"), settle="0s")
    team, staging, prod = (Raw(host, f"{name}/hello") for name in ("team", "staging", "prod"))
    first = project.build()
    sign(world, team, first, len(team.send("GET", f"/manifests/{first}")[2]))
    project.slipway("release", "staging")
    check_signed(world, team, staging, first)
    project.slipway("promote", "staging", "production")
    check_signed(world, team, prod, first)
    # Evidence of staging stays there; a second release of the digest adds nothing.
    evidence = lambda: [one for one, kind in prod.referrers(first).items() if "slipway" in kind]
    check_equal(len(evidence()), 1, "evidence beside production's image")
    project.edition("second")
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    project.slipway("rollback", "production")
    check_signed(world, team, prod, first)
    check_equal(len(evidence()), 1, "evidence after the rollback")
    project.slipway("verify", "--all")


def test_signatures_travel_without_the_referrers_api(world):
    carry_through(world, world.registry().host)


def test_signatures_travel_with_the_referrers_api(world):
    with QuirkyRegistry("referrers-api") as registry:
        carry_through(world, registry.host)


def test_signatures_of_two_keys_are_merged(world):
    host = world.registry().host
    project = Project(world, repository=f"{host}/team/hello", staging=f"{host}/staging/hello",
                      production=f"{host}/prod/hello", settle="0s")
    digest = project.build()
    team, staging = Raw(host, "team/hello"), Raw(host, "staging/hello")
    sign_by_hand(team, digest, len(team.send("GET", f"/manifests/{digest}")[2]))
    tag = digest.replace(":", "-") + ".sig"
    document = team.get(tag)
    other = {**document["layers"][0], "annotations": {"dev.cosignproject.cosign/signature": "Ynkga2V5IHR3bw=="}}
    payload = team.send("GET", f"/blobs/{other['digest']}")[2]
    staging.blob(payload, PAYLOAD)
    config = staging.blob(b'{"rootfs":{}}', document["config"]["mediaType"])
    staging.manifest({**document, "config": config, "layers": [other]}, tag)
    project.slipway("release", "staging")
    check_equal(staging.get(tag)["layers"], [other, document["layers"][0]], "the signatures of both keys")
