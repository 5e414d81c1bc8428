"""Build once, promote the very same digest, pin it, roll back: on layouts and real registries."""
import json
import re
import unittest

from harness import World

PIN = """apiVersion: apps/v1
kind: Deployment
metadata: {name: hello}   # a comment
spec:
  template:
    spec:
      containers:
        - name: hello
          image: "IMAGE"\t# keep me
        - {name: sidecar, image: docker.io/library/busybox:1.36}
"""


class Flow(World):
    def project_on(self, staging, production):
        self.compile()
        self.project(staging, {"staging": {"repository": f'"{staging}"'},
                               "production": {"repository": f'"{production}"', "after": "[staging]"}})

    def second_build(self):
        self.compile(source='#include <stdio.h>\nint main(){puts("second");return 0;}\n')
        return self.digest_of(self.run_slipway("build", "--push"))

    def whole_flow(self, staging, production):
        self.project_on(staging, production)
        first = self.digest_of(self.run_slipway("build", "--push"))
        for words in (["release", "staging"], ["promote", "staging", "production"]):
            done = self.run_slipway(*words)
            self.assertEqual(self.digest_of(done), first)
        self.assertEqual(self.run_slipway("digest", "production").stdout, first + "\n")
        # Nothing changes, nothing is written.
        before = self.run_slipway("history", "production", "-o", "json").stdout
        self.assertEqual(self.digest_of(self.run_slipway("promote", "staging", "production")), first)
        self.assertEqual(self.run_slipway("history", "production", "-o", "json").stdout, before)
        second = self.second_build()
        self.assertNotEqual(first, second)
        refused = self.run_slipway("release", "production", status=11)
        self.assertIn("comes after staging", refused.stderr)
        self.run_slipway("release", "staging")
        self.assertEqual(self.digest_of(self.run_slipway("promote", "staging", "production", "--reason", "new")), second)
        self.assertEqual(self.digest_of(self.run_slipway("rollback", "production")), first)
        rows = json.loads(self.run_slipway("history", "production", "-o", "json").stdout)["releases"]
        self.assertEqual([(r["number"], r["kind"], r["digest"], r["active"]) for r in rows],
                         [(3, "rollback", first, True), (2, "promote", second, False), (1, "promote", first, False)])
        self.assertEqual({r["actor"] for r in rows}, {"tester"})
        # A change of config alone moves no build.
        (self.dir / "production.env").write_text("WHERE=elsewhere\nTOKEN=secret://vault/a#b\n")
        self.assertEqual(self.digest_of(self.run_slipway("release", "production", "--same-build")), first)
        env = self.run_slipway("env", "production")
        self.assertEqual(env.stdout, "WHERE=elsewhere\n")
        self.assertIn("TOKEN", env.stderr)
        self.assertEqual(self.run_slipway("env", "production@v3").stdout, "WHERE=production\n")
        status = json.loads(self.run_slipway("status", "-o", "json", "--exit-code").stdout)
        production_row = status["apps"][0]["environments"][1]
        self.assertEqual((production_row["number"], production_row["digest"], production_row["pending"],
                          production_row["drift"]), (4, first, False, False))
        return first

    def check_pin(self, reference, digest, written):
        before = PIN.replace("IMAGE", written)
        path = self.dir / "k.yaml"
        path.write_text(before)
        checked = self.run_slipway("pin", "--env", "production", "--check", "k.yaml", status=10)
        self.assertIn("+", checked.stdout)
        self.assertEqual(path.read_text(), before)
        self.assertEqual(self.run_slipway("pin", "--env", "production", "k.yaml").stdout, "k.yaml\n")
        self.assertEqual(path.read_text(), PIN.replace("IMAGE", f"{reference}@{digest}"))
        self.assertEqual(self.run_slipway("pin", "--env", "production", "k.yaml").stdout, "")
        self.run_slipway("pin", "--env", "production", "--check", "k.yaml")

    def test_layouts_need_no_server(self):
        digest = self.whole_flow("oci:./images", "oci:./prod")
        self.check_pin("registry.example.com/team/hello:hello.production-v4", digest, "registry.example.com/team/hello:latest")
        self.assertEqual(self.run_image(self.dir / "prod", "production"), "hello from slipway\n")
        for layout in ("images", "prod", "images-releases"):
            self.run_slipway("validate", f"oci:{layout}")

    def test_one_registry_moves_no_blob(self):
        registry = self.registry()
        self.project_on(f"{registry.host}/staging/hello", f"{registry.host}/prod/hello")
        digest = self.digest_of(self.run_slipway("build", "--push"))
        self.run_slipway("release", "staging")
        manifest = json.loads(self.run_slipway("manifest", f"{registry.host}/staging/hello@{digest}").stdout)
        blobs = [manifest["config"]["digest"]] + [layer["digest"] for layer in manifest["layers"]]
        count = len(registry.requests())
        self.assertEqual(self.digest_of(self.run_slipway("promote", "staging", "production")), digest)
        made = registry.requests()[count:]
        for blob in blobs:
            self.assertTrue(any(m == "POST" and "mount=" in p and blob[7:] in p for m, p in made), blob)
            self.assertFalse(any(m in ("PUT", "PATCH", "GET") and "/blobs/" in p and blob[7:] in p for m, p in made), made)
        # The ledger's part does not grow with the image.
        print(f"\n    promote inside one registry: {len(made)} requests for {len(blobs)} blobs")
        self.assertLessEqual(len(made), 20 + len(blobs) + 4, made)

    def test_between_two_registries(self):
        staging, production = self.registry("a"), self.registry("b")
        digest = self.whole_flow(f"{staging.host}/team/hello", f"{production.host}/prod/hello")
        self.check_pin(f"{production.host}/prod/hello:hello.production-v4", digest, f"{staging.host}/team/hello:latest")
        self.sh("skopeo", "copy", "--src-tls-verify=false", f"docker://{production.host}/prod/hello:production", "oci:pulled:v1")
        self.assertEqual(self.run_image(self.dir / "pulled", "v1"), "hello from slipway\n")

    def test_layout_to_registry_and_back(self):
        registry = self.registry()
        self.project_on("oci:./images", f"{registry.host}/prod/hello")
        digest = self.digest_of(self.run_slipway("build", "--push"))
        self.run_slipway("release", "staging")
        self.assertEqual(self.digest_of(self.run_slipway("promote", "staging", "production")), digest)
        back = self.run_slipway("copy", "production", "oci:back:v1")
        self.assertEqual(self.digest_of(back), digest)
        self.assertEqual(self.run_image(self.dir / "back", "v1"), "hello from slipway\n")

    def test_many_platforms_travel_as_one_index(self):
        registry = self.registry()
        self.compile()
        self.run_slipway("build", "--base", "scratch", "--add", "build/hello:/bin/hello", "--platform", "linux/amd64",
                         "--platform", "linux/arm64", "--to", "oci:out:multi")
        digest = self.run_slipway("digest", "oci:out:multi").stdout.strip()
        self.project(f"{registry.host}/a/hello", {"staging": {}, "production": {"repository": f'"{registry.host}/b/hello"',
                                                                                 "after": "[staging]"}})
        self.run_slipway("release", "staging", "oci:out:multi")
        self.assertEqual(self.digest_of(self.run_slipway("promote", "staging", "production")), digest)
        tags = self.run_slipway("ls", f"{registry.host}/b/hello").stdout.split()
        self.assertIn("hello.production-v1-linux-amd64", tags)
        self.assertIn("hello.production-v1-linux-arm64", tags)
        self.run_slipway("validate", f"{registry.host}/b/hello:production")

    def test_a_tag_moved_behind_our_back_is_drift(self):
        self.project_on("oci:./images", "oci:./prod")
        self.run_slipway("build", "--push")
        self.run_slipway("release", "staging")
        self.run_slipway("promote", "staging", "production")
        other = self.second_build()
        self.run_slipway("copy", f"oci:images@{other}", "oci:prod:production")
        status = self.run_slipway("status", "--exit-code", status=10)
        self.assertIn("DRIFT", status.stdout)
        self.run_slipway("release", "staging")
        # Even to the digest that somebody put there: it is not ours until it is released.
        (self.dir / "production.env").write_text("WHERE=again\n")
        refused = self.run_slipway("release", "production", "--same-build", status=16)
        self.assertIn("production", refused.stderr)

    def test_plans_apply_once(self):
        self.project_on("oci:./images", "oci:./prod")
        digest = self.digest_of(self.run_slipway("build", "--push"))
        self.run_slipway("release", "staging")
        self.run_slipway("promote", "staging", "production", "--plan", "p.json")
        self.assertEqual(self.run_slipway("history", "production").stdout, "")
        self.assertEqual(self.digest_of(self.run_slipway("apply", "p.json")), digest)
        self.second_build()
        self.run_slipway("release", "staging")
        self.run_slipway("promote", "staging", "production", "--plan", "q.json")
        self.run_slipway("promote", "staging", "production", "--reason", "first")
        stale = self.run_slipway("apply", "q.json", status=16)
        self.assertIn("stale", stale.stderr)


if __name__ == "__main__":
    unittest.main()
