"""Wrong input of every kind: the contract's exit status, and a message that names the object."""
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import BIN, Registry, World, free_port

SECRET = "hunter2-very-secret"


class Errors(World):
    def refused(self, status, *words, says=(), env=None, **options):
        done = self.run_slipway(*words, status=status, env=env, **options)
        self.assertEqual(done.stdout, "")
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertNotIn(SECRET, done.stderr)
        return done

    def test_usage(self):
        self.refused(2, "bild", says=["bild", "build"])
        self.refused(2, "build", "--pussh", says=["--pussh", "--push"])
        self.refused(2, "copy", "oci:a", says=["DST"])
        self.refused(2, "copy", "oci:a:x", "app:v1", says=["app:v1", "docker.io"])
        self.refused(2, "promote", "staging", "production", says=["slipway.yaml"])
        self.refused(2, "build", says=["--base"])
        self.refused(2, "build", "--base", "scratch", "--add", "missing:/x", "--to", "oci:o:v1", says=["missing"])
        self.refused(2, "digest", "UPPER/case:v1")
        self.assertFalse((self.dir / "o").exists())

    def test_help_has_examples(self):
        overview = self.run_slipway("--help").stdout
        names = [line.split()[0] for line in overview.splitlines() if line.startswith("  ") and not line.startswith("   ")]
        self.assertGreater(len(names), 15)
        for name in names:
            self.assertIn("Examples", self.run_slipway(name, "--help").stdout)

    def test_every_mistake_of_the_file_at_once(self):
        (self.dir / "slipway.yaml").write_text(
            "app: Hello_World\nimage:\n  repository: \"oci:./images\"\n  base: scratch\n  platform: [linux/amd64]\n"
            "  layers:\n    - name: app\n      files:\n        - {from: nothing, to: relative/path}\nenvironmets: {}\n")
        done = self.refused(2, "build")
        for place in ("slipway.yaml:1:", "slipway.yaml:5:", "slipway.yaml:9:", "slipway.yaml:10:"):
            self.assertIn(place, done.stderr)
        self.assertIn("environments", done.stderr)
        (self.dir / "slipway.yaml").write_text("app: hello\nimage: {a: 1\n")
        self.refused(2, "status", says=["slipway.yaml:"])
        (self.dir / "slipway.yaml").write_text(
            "app: hello\nimage:\n  repository: \"oci:./images\"\n  platforms: [linux/amd64]\n  layers:\n"
            "    - name: app\n      files:\n        - {from: nothing, to: /x}\n")
        self.refused(2, "build", says=["slipway.yaml:8:", "nothing"])

    def test_unhonoured_settings_are_refused_never_ignored(self):
        self.compile()
        self.project("oci:./images", {"staging": {"policy": "{soak: 1h}"}})
        self.run_slipway("build", "--push")
        self.refused(2, "release", "staging", says=["slipway.yaml:", "soak"])
        self.assertEqual(self.run_slipway("history", "staging").stdout, "")

    def test_things_that_are_not_there(self):
        self.compile()
        self.build_hello()
        self.refused(13, "digest", "oci:out:nope", says=["nope"])
        self.refused(13, "digest", "oci:nowhere:v1", says=["nowhere"])
        self.refused(13, "copy", "oci:out@sha256:" + "0" * 64, "oci:b:v1", says=["0" * 64])
        registry = self.registry()
        self.refused(13, "digest", f"{registry.host}/no/repo:v1", says=["no/repo"])
        self.refused(13, "ls", f"{registry.host}/no/repo", says=["no/repo"])
        self.project("oci:./images", {"staging": {}})
        self.refused(2, "history", "stagin", says=["staging"])
        self.refused(13, "rollback", "staging", says=["staging"])
        self.refused(2, "release", "staging", says=["--same-build"])

    def test_nobody_answers(self):
        port = free_port()
        self.refused(15, "digest", f"127.0.0.1:{port}/a/b:v1", "--retry", "1", says=[f"127.0.0.1:{port}"])
        self.refused(15, "digest", "registry.invalid/a/b:v1", "--retry", "0", says=["registry.invalid"])

    def test_logins(self):
        htpasswd = self.root / "htpasswd"
        htpasswd.write_text(self.sh("htpasswd", "-Bbn", "user", SECRET).stdout)
        registry = self.registry(htpasswd=htpasswd)
        self.compile()
        self.build_hello()
        self.refused(14, "copy", "oci:out:v1", f"{registry.host}/a/b:v1", says=[registry.host])
        import base64
        import json
        auth = lambda text: json.dumps({"auths": {registry.host: {"auth": base64.b64encode(text.encode()).decode()}}})
        for folder, text in (("good", f"user:{SECRET}"), ("bad", f"user:not-{SECRET}")):
            (self.root / folder).mkdir()
            (self.root / folder / "config.json").write_text(auth(text))
        self.refused(14, "copy", "oci:out:v1", f"{registry.host}/a/b:v1", env=self.env(DOCKER_CONFIG=str(self.root / "bad")))
        done = self.run_slipway("-v", "copy", "oci:out:v1", f"{registry.host}/a/b:v1",
                                env=self.env(DOCKER_CONFIG=str(self.root / "good")))
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        self.run_slipway("digest", f"{registry.host}/a/b:v1", "--authfile", self.root / "good/config.json")
        self.assertNotIn(SECRET, registry.log.read_text())

    def test_damaged_layouts(self):
        self.compile()
        digest = self.digest_of(self.build_hello())
        blobs = self.dir / "out/blobs/sha256"
        layer = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
        good = layer.read_bytes()
        layer.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        self.refused(12, "validate", "oci:out", says=[layer.name])
        self.refused(12, "copy", "oci:out:v1", "oci:copy:v1", says=[layer.name])
        self.refused(13, "digest", "oci:copy:v1")
        registry = self.registry()
        self.refused(12, "copy", "oci:out:v1", f"{registry.host}/a/b:v1", says=[layer.name])
        self.refused(13, "digest", f"{registry.host}/a/b:v1")
        layer.write_bytes(good)
        self.run_slipway("copy", "oci:out:v1", "oci:copy:v1")
        manifest = blobs / digest[7:]
        manifest.write_bytes(manifest.read_bytes().replace(b"sha256", b"sha257"))
        self.refused(12, "manifest", "oci:out:v1")
        (self.dir / "out/index.json").write_text("{")
        self.refused(12, "digest", "oci:out:v1", says=["index.json"])

    def test_a_full_disk_tags_nothing(self):
        self.compile()
        small = self.root / "small"
        small.mkdir()
        self.sh("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small)
        self.addCleanup(lambda: subprocess.run(["umount", str(small)], check=False))
        (self.dir / "big").write_bytes(os.urandom(2_000_000))
        done = self.run_slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "big:/big", "--to",
                                f"oci:{small}/out:v1", status=1)
        self.assertIn("No space left", done.stderr)
        self.run_slipway("digest", f"oci:{small}/out:v1", status=13)
        left = sum(p.stat().st_size for p in pathlib.Path(small).rglob("*") if p.is_file())
        self.assertLess(left, 10_000, "temporary files stay behind")

    def test_a_closed_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BIN, "version"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


if __name__ == "__main__":
    unittest.main()
