"""Wrong input of every kind: the exit status, the object and the next step in the message, and nothing written."""
import http.server
import json
import re
import socket
import threading

from harness import check, check_equal, layout_blob, layout_tags
from projects import Project

YAML = """\
app: hello
image:
  repository: "oci:./images"
  base: scratch
  platforms: [linux/amd64]
  layers:
    - name: app
      files: [{from: app, to: /app}]
environments:
  staging: {config: {env-file: staging.env}}
  production: {after: [staging]}
"""


def fails(world, status, argv, *needles, **options):
    """Runs it and checks the status, an empty stdout and the words that the message must have."""
    ended = world.slipway(*argv, status=status, **options)
    check_equal(ended.out, "", f"standard output of\n{ended}")
    for needle in needles:
        check(re.search(needle, ended.err), f"/{needle}/ in\n{ended}")
    check("terminate called" not in ended.err and "Assertion" not in ended.err, f"no crash in\n{ended}")
    return ended


def test_usage(world):
    world.write("file", "content")
    for argv, needles in (
            (["bulid"], ["bulid", "build"]),
            (["relase", "staging"], ["release"]),
            (["build", "--plaform", "linux/amd64"], ["--plaform", "--platform"]),
            (["copy", "oci:a:v1"], ["DST"]),
            (["copy", "oci:a:v1", "oci:b:v1", "oci:c:v1", "oci:d:v1"], []),
            (["digest"], ["REF"]),
            (["ls", "-o", "xml", "oci:a"], ["xml", "json"]),
            (["ls", "-j", "many", "oci:a"], ["many"]),
            (["ls", "-j", "0", "oci:a"], []),
            (["digest", "UPPER/case:tag"], ["UPPER"]),
            (["digest", "oci:"], []),
            (["digest", "oci:a:v1@sha256:short"], ["short|digest"]),
            (["build", "--base", "scratch", "--add", "file", "--to", "oci:o:v1"], ["file"]),
            (["build", "--base", "scratch", "--add", "file:relative", "--to", "oci:o:v1"], ["relative"]),
            (["build", "--base", "scratch", "--add", "file:/../up", "--to", "oci:o:v1"], [r"\.\."]),
            (["build", "--base", "scratch", "--add", "file:/f:0999", "--to", "oci:o:v1"], ["0999"]),
            (["build", "--base", "scratch", "--add", "file:/f", "--platform", "linux", "--to", "oci:o:v1"], ["linux"]),
            (["build", "--base", "scratch", "--add", "file:/f", "--entrypoint", "[1,2", "--to", "oci:o:v1"], ["entrypoint"]),
            (["build", "--base", "scratch", "--add", "file:/f", "--compression", "rar", "--to", "oci:o:v1"], ["rar", "gzip"]),
            (["build", "--base", "scratch", "--add", "file:/f", "--env", "novalue", "--to", "oci:o:v1"], ["novalue"])):
        fails(world, 2, argv, *needles)
    world.write("project/slipway.yaml", "app: a\nimage: {layers: [{name: l, files: [{from: ../file, to: /f}]}]}\n")
    for flags, needles in ((["--label", "a=b", "--port", "80"], ["--port, --label", "slipway.yaml"]),
                           (["--compression", "zstd"], ["--compression"]),
                           (["--add", "file:/f"], ["--add", "--base scratch"]),
                           (["--base", "scratch", "--add", "file:/f"], ["--base", "--file"]),
                           (["--platform", "linux/amd64", "--platform", "linux/amd64"], ["twice"])):
        fails(world, 2, ["build", "-f", "project/slipway.yaml", "--to", "oci:o:v1", *flags], *needles)
    fails(world, 2, ["build", "--base", "scratch", "--add", "file:/f", "--to", "oci:o:v1"], "SOURCE_DATE_EPOCH", "tomorrow",
          env={"SOURCE_DATE_EPOCH": "tomorrow"})
    check(not (world.folder / "o").exists(), "no layout after a failed build")


def test_files_that_are_not_there(world):
    build = ["build", "--base", "scratch", "--platform", "linux/amd64"]
    fails(world, 13, [*build, "--add", "missing:/f", "--to", "oci:o:v1"], "missing")
    fails(world, 13, ["digest", "oci:nowhere:v1"], "nowhere")
    fails(world, 2, ["build"], "slipway.yaml", "--base")
    fails(world, 2, ["status"], "slipway.yaml")
    check(not (world.folder / "o").exists(), "no layout after a failed build")


def test_configuration_problems_have_their_place(world):
    world.write("app", "x")
    world.write("staging.env", "A=b\n")
    for old, new, line, needle in (
            ("app: hello", "app: Hello_World", 1, "Hello_World"),
            ("  base: scratch", "  bsae: scratch", 4, "bsae"),
            ("  base: scratch", "  base: scratch\n  base: scratch", 5, "base"),
            ("[linux/amd64]", "[linux/amd64, toaster]", 5, "toaster"),
            ("to: /app}", "to: app}", 8, "absolute|app"),
            ("to: /app}", "to: /app, mode: 0999}", 8, "0999"),
            ("to: /app}", "to: /app, colour: red}", 8, "colour"),
            ("{from: app, to", "{from: [app], to", 8, ""),
            ("from: app,", "from: nothere,", 8, "nothere"),
            ("after: [staging]", "after: [stagign]", 11, "stagign"),
            ("after: [staging]", "signed-by: [me]", 11, "signed-by"),
            ("environments:", "enviroments:", 9, "enviroments"),
            ("repository: \"oci:./images\"", "repository: \"ftp://x/Y\"", 3, "ftp"),
            ("  platforms: [", "  platforms: {", 5, ""),
            ("[{from: app, to: /app}]", "[{from: app, to: /app}", 9, "YAML")):
        check_equal(YAML.count(old) >= 1, True, f"{old} to stand in the file")
        world.write("slipway.yaml", YAML.replace(old, new, 1))
        fails(world, 2, ["build"], rf"slipway\.yaml:{line}:\d+: ", needle)
    world.write("slipway.yaml", b"app: \xff\xfe\n")
    fails(world, 2, ["build"], "slipway.yaml")
    world.write("slipway.yaml", "")
    fails(world, 2, ["build"], "slipway.yaml")


def test_all_problems_are_said_at_once(world):
    world.write("app", "x")
    text = YAML.replace("base: scratch", "bsae: scratch").replace("to: /app", "to: app, colour: red")
    world.write("slipway.yaml", text.replace("after: [staging]", "after: [nowhere]"))
    ended = fails(world, 2, ["build"])
    lines = set(re.findall(r"slipway\.yaml:(\d+):\d+: ", ended.err))
    check_equal(lines, {"4", "8", "11"}, f"lines of problems in\n{ended}\n")


def test_environments_and_their_config(world):
    project = Project(world)
    fails(world, 2, ["release", "staging"], "REF", "--same-build", cwd=project.folder)
    project.build()
    fails(world, 2, ["release", "stagign"], "stagign", "staging", cwd=project.folder)
    fails(world, 13, ["rollback", "staging"], "staging", cwd=project.folder)
    fails(world, 13, ["promote", "staging", "production"], "staging", cwd=project.folder)
    for text, needle in (("A=1\nA=2\n", r"staging\.env:2:\d+: "), ("export A=1\n", r"staging\.env:1:\d+: "),
                         ("A\n", r"staging\.env:1:\d+: "), ("A=1\n9B=2\n", r"staging\.env:2:\d+: ")):
        world.write("project/deploy/staging.env", text)
        fails(world, 2, ["release", "staging"], needle, cwd=project.folder)
    (project.folder / "deploy/staging.env").unlink()
    fails(world, 2, ["release", "staging"], "staging.env", cwd=project.folder)


def corrupt(path, change):
    path.chmod(0o644)
    path.write_bytes(change(path.read_bytes()))


def small_layout(world):
    world.write("file", "content " * 1000)
    digest = world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/f", "--to",
                           "oci:out:v1").digest
    out = world.folder / "out"
    manifest = json.loads(layout_blob(out, digest))
    return out, out / "blobs" / digest.replace(":", "/"), out / "blobs" / manifest["layers"][0]["digest"].replace(":", "/")


def test_a_corrupted_layer_is_found(world):
    out, _, layer = small_layout(world)
    corrupt(layer, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    fails(world, 12, ["validate", "oci:out:v1"], layer.name)
    fails(world, 12, ["copy", "oci:out:v1", "oci:other:v1"], layer.name)
    other = world.folder / "other"
    check_equal(layout_tags(other) if (other / "index.json").exists() else {}, {}, "tags of the copy that failed")


def test_a_cut_layer_is_found(world):
    out, _, layer = small_layout(world)
    corrupt(layer, lambda data: data[:-10])
    fails(world, 12, ["validate", "oci:out:v1"], layer.name)
    fails(world, 12, ["copy", "oci:out:v1", "oci:other:v1"], layer.name)


def test_a_lost_layer_is_found(world):
    out, _, layer = small_layout(world)
    layer.unlink()
    fails(world, 12, ["validate", "oci:out:v1"], layer.name)
    ended = world.slipway("copy", "oci:out:v1", "oci:other:v1", status=None)
    check(ended.status in (12, 13) and layer.name in ended.err, f"the lost blob to be named in\n{ended}")


def test_a_corrupted_manifest_is_found(world):
    out, manifest, _ = small_layout(world)
    corrupt(manifest, lambda data: data.replace(b'"layers"', b'"LAYERS"'))
    for argv in (["inspect", "oci:out:v1"], ["copy", "oci:out:v1", "oci:other:v1"], ["validate", "oci:out:v1"]):
        fails(world, 12, argv, manifest.name)


def test_broken_layout_files(world):
    for name, text in (("index.json", "{"), ("index.json", "[]"), ("index.json", '{"schemaVersion":2,"manifests":7}'),
                       ("index.json", '{"schemaVersion":2,"schemaVersion":2,"manifests":[]}'),
                       ("oci-layout", '{"imageLayoutVersion":"9.0.0"}'), ("oci-layout", "nonsense")):
        out, _, _ = small_layout(world)
        (out / name).write_text(text)
        fails(world, 12, ["digest", "oci:out:v1"], name)
        (out / "index.json").unlink()
        (out / "oci-layout").unlink()
    out, _, _ = small_layout(world)
    index = json.loads((out / "index.json").read_text())
    index["manifests"].append({**index["manifests"][0], "digest": "sha256:" + "0" * 64})
    (out / "index.json").write_text(json.dumps(index))
    fails(world, 12, ["digest", "oci:out:v1"], "v1")


def test_sizes_that_are_not_true(world):
    out, manifest, _ = small_layout(world)
    index = json.loads((out / "index.json").read_text())
    index["manifests"][0]["size"] += 1
    (out / "index.json").write_text(json.dumps(index))
    for argv in (["validate", "oci:out:v1"], ["copy", "oci:out:v1", "oci:other:v1"]):
        fails(world, 12, argv, manifest.name)
    check(not (world.folder / "other/index.json").exists() or not layout_tags(world.folder / "other"), "no tag of a copy")


def test_names_that_are_not_there(world):
    out, _, _ = small_layout(world)
    fails(world, 13, ["digest", "oci:out:v2"], "v2")
    fails(world, 13, ["digest", "oci:out@sha256:" + "0" * 64], "0{64}")
    registry = world.registry()
    fails(world, 13, ["digest", f"{registry.host}/team/none:v1"], "team/none")
    fails(world, 13, ["copy", f"{registry.host}/team/none:v1", "oci:other:v1"], "team/none")
    fails(world, 13, ["ls", f"{registry.host}/team/none"], "team/none")


class Stub:
    """An HTTP server on loopback that gives every request the same answer."""

    def __init__(self, status, body=b"", headers=()):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                stub.count += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer

            def log_message(self, *_):
                pass

        stub = self
        self.count = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_hosts_that_do_not_answer(world):
    port = world.refused_port()
    fails(world, 15, ["digest", f"127.0.0.1:{port}/a/b:v1", "--retry", "0"], f"127.0.0.1:{port}")
    fails(world, 15, ["digest", "no-such-host.invalid/a/b:v1", "--retry", "0"], "no-such-host.invalid")
    # Connected, and then silence.
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        fails(world, 15, ["digest", f"{host}/a/b:v1", "--retry", "0", "--timeout", "1"], host, timeout=60)


def test_answers_that_refuse(world):
    words = json.dumps({"errors": [{"code": "DENIED", "message": "not \x1b[31myou"}]}).encode()
    for status, wanted in ((401, 14), (403, 14), (404, 13), (500, 15), (503, 15), (429, 15)):
        with Stub(status, words, [("Content-Type", "application/json")]) as stub:
            ended = fails(world, wanted, ["manifest", f"{stub.host}/a/b:v1", "--retry", "1"], stub.host.split(":")[1], timeout=120)
            check("\x1b" not in ended.err, "no escape sequences of the server's")
            check(stub.count <= (4 if status < 429 else 8), f"few requests, not {stub.count}")


def test_bytes_that_are_not_what_their_name_says(world):
    body = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
    kind = ("Content-Type", "application/vnd.oci.image.manifest.v1+json")
    with Stub(200, body, [kind]) as stub:
        fails(world, 12, ["manifest", f"{stub.host}/a/b@sha256:{'1' * 64}"], "1{64}")
        fails(world, 12, ["inspect", f"{stub.host}/a/b:v1"])
    with Stub(200, b"<html>login</html>", [kind]) as stub:
        fails(world, 15, ["inspect", f"{stub.host}/a/b:v1"], "web page")
    for junk in (b"{" * 2000, b'{"schemaVersion":2'):
        with Stub(200, junk, [kind]) as stub:
            fails(world, 12, ["inspect", f"{stub.host}/a/b:v1"])


def test_pin_in_files_that_cannot_be_pinned(world):
    project = Project(world)
    project.ship("first")
    fails(world, 13, ["pin", "--env", "production", "nofile.yaml"], "nofile.yaml", cwd=project.folder)
    world.write("project/broken.yaml", "spec: [1\n")
    fails(world, 2, ["pin", "--env", "production", "broken.yaml"], r"broken\.yaml:\d+:\d+", cwd=project.folder)
    check_equal((project.folder / "broken.yaml").read_text(), "spec: [1\n", "the broken file")


def test_plans_that_are_no_plans(world):
    project = Project(world)
    project.ship("first")
    fails(world, 13, ["apply", "nofile.json"], "nofile.json", cwd=project.folder)
    for text in ("{}", "[]", "nonsense", '{"schema":"slipway/v9/plan"}'):
        world.write("project/plan.json", text)
        ended = project.slipway("apply", "plan.json", status=None)
        check(ended.status in (2, 12) and "plan" in ended.err, f"the plan to be refused in\n{ended}")
