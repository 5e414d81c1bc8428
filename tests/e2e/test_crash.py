"""SIGKILL at any moment leaves the old state or the new one, and a re-run completes. SIGINT says 130."""
import json
import os
import signal
import subprocess
import time
import unittest

from harness import BIN, World

MOMENTS = 20


class Crash(World):
    def timed(self, *words):
        begin = time.perf_counter()
        self.run_slipway(*words)
        return time.perf_counter() - begin

    def test_killed_builds(self):
        (self.dir / "tree").mkdir()
        for i in range(60):
            (self.dir / "tree" / f"f{i}").write_bytes(os.urandom(200_000))
        words = ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv", "--to", "oci:out:v1"]
        span = self.timed(*words[:-1], "oci:reference:v1")
        digest = self.run_slipway("digest", "oci:reference:v1").stdout
        survived = 0
        for moment in range(MOMENTS):
            self.sh("rm", "-rf", "out")
            survived += self.kill_after(span * moment / MOMENTS, *words) == 0
            if (self.dir / "out/index.json").exists() and (self.dir / "out/oci-layout").exists():
                self.run_slipway("validate", "oci:out")
                tags = self.run_slipway("ls", "oci:out").stdout
                self.assertIn(tags, ("", "v1\n"))
                if tags:
                    self.assertEqual(self.run_slipway("digest", "oci:out:v1").stdout, digest)
            self.run_slipway(*words)
            self.assertEqual(self.run_slipway("digest", "oci:out:v1").stdout, digest)
            self.assertFalse([p for p in (self.dir / "out").iterdir() if p.name.startswith(".tmp-")])
        self.assertLess(survived, MOMENTS, "no run was killed")

    def check_killed_promotions(self, production):
        self.compile()
        self.project("oci:./images", {"staging": {}, "production": {"repository": f'"{production}"', "after": "[staging]"}})
        self.run_slipway("build", "--push")
        self.run_slipway("release", "staging")
        span = self.timed("promote", "staging", "production")
        for moment in range(MOMENTS):
            (self.dir / "production.env").write_text(f"N={moment}\n")
            before = self.history()
            self.kill_after(span * (moment + 1) / MOMENTS, "promote", "staging", "production")
            after = self.history()
            self.assertIn(len(after) - len(before), (0, 1))
            self.assertEqual(after[-len(before):], before)
            self.run_slipway("promote", "staging", "production")
            rows = self.history()
            self.assertEqual(len(rows), len(before) + 1, "exactly one release came of it")
            self.assertEqual([row["number"] for row in rows], list(range(len(rows), 0, -1)))
            self.assertEqual(self.run_slipway("env", "production").stdout, f"N={moment}\n")
            self.run_slipway("status", "--exit-code")

    def history(self):
        rows = json.loads(self.run_slipway("history", "production", "-o", "json").stdout)["releases"]
        return [{key: value for key, value in row.items() if key != "active"} for row in rows]

    def test_killed_promotions_on_layouts(self):
        self.check_killed_promotions("oci:./prod")

    def test_killed_promotions_to_a_registry(self):
        registry = self.registry()
        self.check_killed_promotions(f"{registry.host}/prod/hello")

    def test_a_registry_that_dies_in_the_middle_leaves_no_tag(self):
        self.compile()
        (self.dir / "big").write_bytes(os.urandom(30_000_000))
        self.run_slipway("build", "--base", "scratch", "--add", "build/hello:/bin/hello", "--add", "big:/big", "--platform",
                         "linux/amd64", "--platform", "linux/arm64", "--to", "oci:out:multi")
        registry = self.registry()
        copy = subprocess.Popen([BIN, "copy", "--retry", "0", "oci:out:multi", f"{registry.host}/a/b:v1"], cwd=self.dir,
                                env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not any(method == "PUT" or method == "POST" for method, _ in registry.requests()):
            time.sleep(0.002)
            if copy.poll() is not None:
                break
        registry.stop()
        copy.wait()
        if copy.returncode != 0:
            self.assertIn(copy.returncode, (1, 15))
        copy.stdout.close()
        copy.stderr.close()
        registry.start()
        tagged = subprocess.run([BIN, "digest", f"{registry.host}/a/b:v1"], env=self.env(), capture_output=True)
        if copy.returncode != 0:
            self.assertEqual(tagged.returncode, 13)
        self.run_slipway("copy", "oci:out:multi", f"{registry.host}/a/b:v1")
        self.run_slipway("validate", f"{registry.host}/a/b:v1")

    def test_interrupted_is_130(self):
        (self.dir / "tree").mkdir()
        for i in range(40):
            (self.dir / "tree" / f"f{i}").write_bytes(os.urandom(1_000_000))
        process = subprocess.Popen([BIN, "build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv",
                                    "--compression", "gzip:best", "--to", "oci:out:v1"], cwd=self.dir, env=self.env(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, out), (130, ""), err)
        self.run_slipway("digest", "oci:out:v1", status=13)


if __name__ == "__main__":
    unittest.main()
