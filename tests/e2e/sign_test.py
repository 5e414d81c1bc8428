"""Signatures and attestations by key: made by slipway and judged by openssl, made with openssl and judged by slipway.

With cosign in PATH it judges and makes them as well.
"""
import base64
import hashlib
import json
import shutil
import stat

from carry_test import BUNDLE, PAYLOAD, Raw
from harness import check, check_equal
from projects import Project

PASSWORD = {"SLIPWAY_KEY_PASSWORD": "a secret", "COSIGN_PASSWORD": "a secret"}
SIGN = "https://sigstore.dev/cosign/sign/v1"


class Signed:
    """An image in a registry, a key pair of slipway and one of openssl."""

    def __init__(self, world):
        self.world = world
        self.raw = Raw(world.registry().host, "team/app")
        self.place = f"{self.raw.host}/{self.raw.repository}"
        (world.folder / "file").write_text("content")
        self.digest = self.slipway("build", "-q", "--base", "scratch", "--platform", "linux/amd64", "--add",
                                   "file:/file", "--to", f"{self.place}:v1").digest
        self.slipway("key", "generate")
        world.tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.pem")
        world.tool("openssl", "pkey", "-in", "other.pem", "-pubout", "-out", "other.pub")

    def slipway(self, *argv, status=0):
        return self.world.slipway(*argv, status=status, env=PASSWORD)

    def verify(self, key, *argv, status=0):
        return self.slipway("verify", f"{self.place}:v1", "--key", key, *argv, status=status)

    def bundles(self):
        """(predicate type, statement, signed bytes, signature) of each bundle that is attached."""
        for digest, kind in self.raw.referrers(self.digest).items():
            if kind != BUNDLE:
                continue
            layer = self.raw.get(digest)["layers"][0]
            bundle = json.loads(self.raw.send("GET", f"/blobs/{layer['digest']}")[2])
            envelope = bundle["dsseEnvelope"]
            payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
            message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
            yield json.loads(payload), message, base64.b64decode(envelope["signatures"][0]["sig"])

    def legacy(self):
        """(payload, signature) of each entry of `.sig`."""
        for layer in self.raw.get(self.digest.replace(":", "-") + ".sig")["layers"]:
            check_equal(layer["mediaType"], PAYLOAD, "the type of the payload")
            payload = self.raw.send("GET", f"/blobs/{layer['digest']}")[2]
            yield payload, base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])

    def openssl_verifies(self, key, message, signature, status=0):
        (self.world.folder / "message").write_bytes(message)
        (self.world.folder / "signature").write_bytes(signature)
        self.world.tool("openssl", "dgst", "-sha256", "-verify", key, "-signature", "signature", "message", status=status)

    def openssl_signs(self, key, message):
        (self.world.folder / "message").write_bytes(message)
        self.world.tool("openssl", "dgst", "-sha256", "-sign", key, "-out", "signature", "message")
        return (self.world.folder / "signature").read_bytes()

    def put_by_hand(self, key, statement, form):
        """Attaches what cosign would attach, signed by openssl."""
        kind, payload = "application/vnd.in-toto+json", json.dumps(statement).encode()
        message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        signature = base64.b64encode(self.openssl_signs(key, message)).decode()
        envelope = {"payload": base64.b64encode(payload).decode(), "payloadType": kind,
                    "signatures": [{"sig": signature}]}
        empty = self.raw.blob(b"{}", "application/vnd.oci.empty.v1+json")
        subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": self.digest,
                   "size": len(self.raw.send("GET", f"/manifests/{self.digest}")[2])}
        document = {"schemaVersion": 2, "mediaType": subject["mediaType"], "config": empty, "annotations": {}}
        if form == "bundle":
            bundle = {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": "x"}}, "dsseEnvelope": envelope}
            layer = self.raw.blob(json.dumps(bundle).encode(), BUNDLE)
            document |= {"artifactType": BUNDLE, "layers": [layer], "subject": subject}
            digest, size, _ = self.raw.manifest(document)
            index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                     "manifests": [{"mediaType": subject["mediaType"], "digest": digest, "size": size,
                                    "artifactType": "application/vnd.oci.empty.v1+json"}]}
            self.raw.manifest(index, self.digest.replace(":", "-"), index["mediaType"])
        else:
            layer = self.raw.blob(json.dumps(envelope).encode(), "application/vnd.dsse.envelope.v1+json")
            layer["annotations"] = {"dev.cosignproject.cosign/signature": "", "predicateType": statement["predicateType"]}
            self.raw.manifest(document | {"layers": [layer]}, self.digest.replace(":", "-") + ".att")

    def statement(self, kind, predicate=None, digest=None):
        return {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "predicate": predicate or {},
                "subject": [{"name": "x", "digest": {"sha256": (digest or self.digest)[7:]}}]}


def test_keys_are_for_their_owner_and_never_replaced(world):
    run = lambda *argv, status=0: world.slipway("key", *argv, status=status, env=PASSWORD)
    check_equal(run("generate", "mine").out.split(), ["mine.key", "mine.pub"], "the files")
    key = world.folder / "mine.key"
    check_equal(stat.S_IMODE(key.stat().st_mode), 0o600, "the mode of the private half")
    check("ENCRYPTED SIGSTORE PRIVATE KEY" in key.read_text(), "cosign's format")
    check_equal(run("show", "mine.key").out, (world.folder / "mine.pub").read_text(), "the public half")
    check_equal(run("show", "mine.pub").out, (world.folder / "mine.pub").read_text(), "the public half of itself")
    before = key.read_bytes()
    run("generate", "mine", status=16)
    check_equal(key.read_bytes(), before, "the key after a second try")
    run("show", status=2)
    world.slipway("key", "show", "mine.key", status=2, env={"SLIPWAY_KEY_PASSWORD": "wrong"})
    # Another program's key, without a password of its own.
    world.tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "plain.pem")
    run("import", "plain.pem", "imported")
    world.tool("openssl", "pkey", "-in", "plain.pem", "-pubout", "-out", "plain.pub")
    check_equal(run("show", "imported.key").out, (world.folder / "plain.pub").read_text(), "the imported key")
    world.tool("openssl", "genpkey", "-algorithm", "ed25519", "-out", "edwards.pem")
    ended = run("import", "edwards.pem", "edwards", status=2)
    check("algorithm" in ended.err and not (world.folder / "edwards.key").exists(), "a key that readers refuse")


def test_openssl_verifies_what_slipway_signs(world):
    image = Signed(world)
    ref = f"{image.place}:v1"
    check_equal(image.slipway("sign", ref, "--key", "slipway.key", "-a", "env=prod").out,
                f"{image.place}@{image.digest}\n", "the image that was signed")
    for statement, message, signature in image.bundles():
        image.openssl_verifies("slipway.pub", message, signature)
        image.openssl_verifies("other.pub", message, signature, status=1)
        check_equal(statement, {"_type": "https://in-toto.io/Statement/v1", "predicateType": SIGN, "predicate": {},
                                "subject": [{"digest": {"sha256": image.digest[7:]}, "annotations": {"env": "prod"}}]},
                    "the statement")
    (payload, signature), = image.legacy()
    image.openssl_verifies("slipway.pub", payload, signature)
    check_equal(json.loads(payload), {"critical": {"identity": {"docker-reference": image.place},
                                                   "image": {"docker-manifest-digest": image.digest},
                                                   "type": "cosign container image signature"},
                                      "optional": {"env": "prod"}}, "the payload")
    check_equal(len(list(image.bundles())), 1, "the bundles")
    check("the same is there" in image.slipway("sign", ref, "--key", "slipway.key", "-a", "env=prod").err, "a second run")
    check_equal((len(list(image.bundles())), len(list(image.legacy()))), (1, 1), "what is attached after a second run")
    image.verify("slipway.pub", "-a", "env=prod")
    image.verify("slipway.pub", "-a", "env=stage", status=12)
    image.verify("other.pub", status=12)
    found = json.loads(image.verify("slipway.pub", "-o", "json").out)["signatures"]
    check_equal([(one["form"], one["type"]) for one in found], [("bundle", SIGN), ("legacy", SIGN)], "the proofs")
    # A program that holds the key, and a second signer.
    signer = world.folder / "signer"
    signer.write_text(f"#!/bin/sh\nexec openssl dgst -sha256 -sign {world.folder}/other.pem\n")
    signer.chmod(0o755)
    image.slipway("sign", ref, "--key", f"exec:{signer}", status=2)
    image.slipway("sign", ref, "--key", f"exec:{signer}", "--public-key", "slipway.pub", status=1)
    image.slipway("sign", ref, "--key", f"exec:{signer}", "--public-key", "other.pub")
    image.verify("other.pub")
    image.verify("slipway.pub")
    # A copy takes the signatures along; a layout is signed too.
    image.slipway("copy", "-q", "--referrers", ref, f"{image.raw.host}/other/app:v1")
    image.slipway("verify", f"{image.raw.host}/other/app:v1", "--key", "other.pub")
    image.slipway("copy", "-q", ref, "oci:layout:v1")
    image.slipway("verify", "oci:layout:v1", "--key", "slipway.pub", status=12)
    image.slipway("sign", "oci:layout:v1", "--key", "slipway.key")
    image.slipway("verify", "oci:layout:v1", "--key", "slipway.pub")


def test_slipway_verifies_what_others_attest(world):
    image = Signed(world)
    image.verify("other.pub", status=12)
    image.put_by_hand("other.pem", image.statement("https://example.com/scan/v1", {"clean": True}), "bundle")
    image.put_by_hand("other.pem", image.statement("https://example.com/old/v1"), "legacy")
    image.verify("other.pub", "--type", "https://example.com/scan/v1", "--type", "https://example.com/old/v1")
    image.verify("slipway.pub", "--type", "https://example.com/scan/v1", status=12)
    image.verify("other.pub", "--type", "slsaprovenance1", status=12)
    image.verify("other.pub", status=12)  # attested, and not signed
    other = "sha256:" + hashlib.sha256(b"another image").hexdigest()
    image.put_by_hand("other.pem", image.statement("https://example.com/replayed/v1", digest=other), "legacy")
    ended = image.verify("other.pub", "--type", "https://example.com/replayed/v1", status=12)
    check("another image" in ended.err, f"the reason in\n{ended}")


def test_attestations_of_slipway(world):
    image = Signed(world)
    ref = f"{image.place}:v1"
    (world.folder / "scan.json").write_text('{"clean": true}')
    (world.folder / "list.json").write_text("[]")
    attest = lambda *argv, status=0: image.slipway("attest", ref, "--key", "slipway.key", *argv, status=status)
    attest("--type", "https://example.com/scan/v1", "--predicate", "list.json", status=2)
    attest("--type", "scan", "--predicate", "scan.json", status=2)
    attest("--type", "https://example.com/scan/v1", status=2)
    attest("--type", "https://example.com/scan/v1", "--predicate", "scan.json")
    attest("--type", "https://example.com/scan/v1", "--predicate", "scan.json")
    (statement, message, signature), = image.bundles()
    image.openssl_verifies("slipway.pub", message, signature)
    check_equal((statement["predicateType"], statement["predicate"]), ("https://example.com/scan/v1", {"clean": True}),
                "the statement")
    image.verify("slipway.pub", "--type", "https://example.com/scan/v1")
    # A bundle hides the older form from cosign 3: where a key signed that alone, bundles are refused.
    image.slipway("sign", ref, "--key", "other.pem", "--format", "legacy")
    ended = attest("--type", "https://example.com/late/v1", "--predicate", "scan.json", status=11)
    check("another key" in ended.err, f"the reason in\n{ended}")
    attest("--type", "https://example.com/late/v1", "--predicate", "scan.json", "--format", "legacy")


def test_every_platform_and_every_environment(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", settle="0s", platforms=("amd64", "arm64"))
    run = lambda *argv, status=0: project.slipway(*argv, status=status, env=PASSWORD)
    run("key", "generate")
    root = run("build", "--push").digest
    signed = run("sign", "--recursive", f"{registry.host}/team/hello:latest", "--key", "slipway.key").out.splitlines()
    children = [entry["digest"] for entry in json.loads(run("manifest", f"{registry.host}/team/hello@{root}").out)["manifests"]]
    check_equal([line.split("@")[1] for line in signed], [root, *children], "what is signed")
    run("verify", "staging", "--key", "slipway.pub", status=13)
    run("release", "staging")
    run("promote", "staging", "production")
    run("verify", "production", "--key", "slipway.pub")
    location = run("verify", "production").out.split("@")[0]
    for digest in children:
        run("verify", f"{location.rsplit(':', 1)[0]}@{digest}", "--key", "slipway.pub")
    project.edition("second")
    run("build", "--push")
    run("release", "staging")
    ended = run("verify", "staging", "--key", "slipway.pub", status=12)
    check("no signature by the keys given" in ended.err, f"the reason in\n{ended}")
    run("verify", "--all", "--key", "slipway.pub", status=2)
    run("verify", "staging", "--type", "custom", status=2)


def test_cosign_agrees(world):
    """Without cosign, openssl judges the same bytes."""
    image = Signed(world)
    ref, exact = f"{image.place}:v1", f"{image.place}@{image.digest}"
    image.slipway("sign", ref, "--key", "slipway.key")
    (world.folder / "scan.json").write_text('{"clean": true}')
    image.slipway("attest", ref, "--key", "slipway.key", "--type", "https://example.com/scan/v1", "--predicate", "scan.json")
    for _, message, signature in image.bundles():
        image.openssl_verifies("slipway.pub", message, signature)
    if not shutil.which("cosign"):
        world.note("cosign is not in PATH: openssl judged alone")
        return
    common = ("--insecure-ignore-tlog=true", "--allow-http-registry")
    cosign = lambda *argv, status=0: world.tool("cosign", *argv, env=PASSWORD, status=status)
    for form in ("true", "false"):
        cosign("verify", "--key", "slipway.pub", f"--new-bundle-format={form}", *common, exact)
        cosign("verify-attestation", "--key", "slipway.pub", "--type", "https://example.com/scan/v1",
               f"--new-bundle-format={form}", *common, exact)
    cosign("generate-key-pair")
    for form in ("true", "false"):
        cosign("sign", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false",
               "--allow-http-registry", "-y", f"--new-bundle-format={form}", exact)
    image.verify("cosign.pub")
    check("the same is there" in image.slipway("sign", ref, "--key", "cosign.key").err, "cosign's own signatures")
