"""The image: the same everywhere, and accepted by everybody else's tools."""
import json
import os
import pathlib
import subprocess
import tarfile
import time
import unittest

import jsonschema

from harness import BIN, ROOT, World

SCHEMAS = ROOT / "testdata" / "schemas"


class Build(World):
    def test_prints_one_line_and_the_digest_depends_on_the_files_alone(self):
        self.compile()
        done = self.build_hello()
        digest = self.digest_of(done)
        self.assertEqual(done.stdout, f"oci:out:v1@{digest}\n")
        other = self.root / "somewhere else"
        (other / "build").mkdir(parents=True)
        content = (self.dir / "build/hello").read_bytes()
        (other / "build/hello").write_bytes(content)
        os.chmod(other / "build/hello", 0o700)
        os.chmod(self.root, 0o755)
        os.chmod(other, 0o777)
        for env in ({"LC_ALL": "C", "TZ": "Asia/Tokyo"}, {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/New_York"}):
            for jobs in ("1", "64"):
                done = self.build_hello(f"oci:out-{jobs}:v1", cwd=other, env=self.env(**env, SLIPWAY_JOBS=jobs),
                                        preexec_fn=lambda: os.umask(0o077))
                self.assertEqual(self.digest_of(done), digest)
        os.chmod(other / "build/hello", 0o755)
        nobody = self.root / "nobody"
        nobody.mkdir()
        os.chmod(nobody, 0o777)
        done = self.build_hello(f"oci:{nobody}/out:v1", cwd=other, env=self.env(HOME=str(nobody)),
                                prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assertEqual(self.digest_of(done), digest)

    def test_creation_order_does_not_matter(self):
        digests = set()
        for order in (["a", "b", "sub/c"], ["sub/c", "b", "a"]):
            tree = self.dir / f"tree-{len(digests)}-{order[0].replace('/', '_')}"
            for name in order:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(name)
            digests.add(self.digest_of(self.run_slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add",
                                                        f"{tree}:/srv/", "--to", f"oci:{tree}-out:v1")))
        self.assertEqual(len(digests), 1)

    def test_others_read_and_run_it(self):
        self.compile()
        digest = self.digest_of(self.build_hello())
        inspected = json.loads(self.sh("skopeo", "inspect", "oci:out:v1").stdout)
        self.assertEqual(inspected["Digest"], digest)
        self.assertEqual(self.run_image(self.dir / "out", "v1"), "hello from slipway\n")
        manifest = json.loads(self.run_slipway("manifest", "oci:out:v1").stdout)
        layer = self.dir / "out/blobs/sha256" / manifest["layers"][0]["digest"][7:]
        self.sh("sh", "-c", f"gzip -t < {layer}")
        listed = self.sh("tar", "tzvf", layer, env=self.env(TZ="UTC")).stdout.splitlines()
        self.assertEqual([line.split()[-1] for line in listed], ["usr/", "usr/bin/", "usr/bin/hello"])
        self.assertTrue(all("0/0" in line and "1970-01-01" in line for line in listed), listed)
        with tarfile.open(layer) as tar:
            self.assertEqual(tar.getmember("usr/bin/hello").mode, 0o755)

    def test_documents_follow_the_schemas(self):
        self.compile()
        self.build_hello()
        self.run_slipway("build", "--base", "scratch", "--add", "build/hello:/bin/hello", "--platform", "linux/amd64",
                         "--platform", "linux/arm64", "--label", "a=b", "--port", "80/tcp", "--volume", "/data",
                         "--env", "K=V", "--user", "1:1", "--workdir", "/", "--annotation", "x.y=z", "--to", "oci:out:multi")
        check = lambda name, text: jsonschema.Draft4Validator(json.loads((SCHEMAS / name).read_text())).validate(json.loads(text))
        check("layout.json", (self.dir / "out/oci-layout").read_text())
        check("index.json", (self.dir / "out/index.json").read_text())
        check("index.json", self.run_slipway("manifest", "oci:out:multi").stdout)
        for child in json.loads(self.run_slipway("manifest", "oci:out:multi").stdout)["manifests"]:
            check("manifest.json", self.run_slipway("manifest", f"oci:out@{child['digest']}").stdout)
        check("manifest.json", self.run_slipway("manifest", "oci:out:v1").stdout)
        check("config.json", self.run_slipway("config", "oci:out:v1").stdout)
        check("config.json", self.run_slipway("config", "--platform", "linux/arm64", "oci:out:multi").stdout)

    def test_registries_take_it_and_others_pull_it(self):
        self.compile()
        digest = self.digest_of(self.build_hello())
        registry = self.registry()
        self.sh("skopeo", "copy", "--dest-tls-verify=false", "oci:out:v1", f"docker://{registry.host}/by/skopeo:v1")
        self.assertEqual(self.run_slipway("digest", f"{registry.host}/by/skopeo:v1").stdout, digest + "\n")
        pushed = self.run_slipway("copy", "oci:out:v1", f"{registry.host}/by/slipway:v1")
        self.assertEqual(self.digest_of(pushed), digest)
        self.sh("skopeo", "copy", "--src-tls-verify=false", f"docker://{registry.host}/by/slipway:v1", "oci:back:v1")
        self.assertEqual(self.run_slipway("digest", "oci:back:v1").stdout, digest + "\n")
        storage = ["--root", str(self.root / "storage"), "--runroot", str(self.root / "runroot"), "--storage-driver", "vfs"]
        self.sh("buildah", *storage, "pull", "--tls-verify=false", f"{registry.host}/by/slipway:v1")
        podman = self.sh("podman", *storage, "image", "inspect", f"{registry.host}/by/slipway:v1")
        self.assertEqual(json.loads(podman.stdout)[0]["Digest"], digest)

    def test_a_dynamic_program_runs_from_scratch_with_its_libraries(self):
        binary = self.compile("dyn", '#include <math.h>\n#include <stdio.h>\n'
                              'int main(int c,char**v){(void)v;printf("%.0f\\n", sqrt(c*144.0));return 0;}\n',
                              ("-Wl,--no-as-needed", "-lm"))
        libraries = self.sh("ldd", binary).stdout
        adds = []
        for line in libraries.splitlines():
            words = line.split()
            if "=>" in words:
                adds += ["--add", f"{words[2]}:{words[2]}"]
            elif words[0].startswith("/"):
                adds += ["--add", f"{words[0]}:{words[0]}:0755"]
        self.run_slipway("build", "--base", "scratch", "--add", "build/dyn:/dyn:0755", *adds, "--entrypoint", "/dyn", "--to",
                         "oci:dyn:v1")
        self.assertEqual(self.run_image(self.dir / "dyn", "v1"), "12\n")

    def test_a_base_keeps_its_layers_byte_for_byte(self):
        self.compile()
        self.build_hello("oci:base:v1")
        (self.dir / "extra").write_text("extra\n")
        self.run_slipway("build", "--base", "oci:base:v1", "--add", "extra:/etc/extra", "--env", "A=1", "--to", "oci:top:v1")
        base = json.loads(self.run_slipway("manifest", "oci:base:v1").stdout)
        top = json.loads(self.run_slipway("manifest", "oci:top:v1").stdout)
        self.assertEqual(top["layers"][:1], base["layers"])
        self.assertEqual(len(top["layers"]), 2)
        self.assertEqual(self.run_image(self.dir / "top", "v1"), "hello from slipway\n")


class Start(World):
    def test_version_loads_neither_curl_nor_libarchive(self):
        done = self.run_slipway("version", env=self.env(LD_DEBUG="libs"))
        self.assertIn("slipway", done.stdout)
        for library in ("libcurl", "libarchive", "libxml2", "libicu"):
            self.assertNotIn(library, done.stderr)
        times = []
        for _ in range(15):
            begin = time.perf_counter()
            subprocess.run([BIN, "version"], stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - begin)
        print(f"\n    slipway version: median {sorted(times)[7] * 1000:.1f} ms")


if __name__ == "__main__":
    unittest.main()
