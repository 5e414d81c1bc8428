"""What the end-to-end tests share: a world of their own for each test, the program, and the real parts around it.

A test is a function `test_*(world)` of a file `*_test.py`; it fails by raising. SLIPWAY_BIN names the program.
E2E_REQUIRE names what this machine must offer (words of OFFERS, or "all"): what is missing then fails the tests that
need it, instead of being noted beside a shorter test. E2E_FILTER runs the tests whose names contain it, E2E_KEEP keeps
the folder of a failed one.
"""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
BLOB_WRITES = ("POST", "PUT", "PATCH")
OFFERS = {
    "root": "a superuser", "mount": "mounting a tmpfs", "runc": "runc starting a container",
    "crun": "crun starting a container", "bubblewrap": "bubblewrap starting a container, also for somebody without root", "rootless": "runc starting a container for somebody without root",
    "containerd": "containerd starting a container", "kustomize": "a kustomize that knows components",
}
REQUIRED = set(re.split(r"[ ,]+", os.environ.get("E2E_REQUIRE", "").strip())) - {""}


class Failure(AssertionError):
    """What was expected, and what was seen instead."""


def program():
    path = os.environ.get("SLIPWAY_BIN", str(ROOT / "build/release/slipway"))
    if not os.access(path, os.X_OK):
        raise Failure(f"no program at {path}: build it, or set SLIPWAY_BIN")
    return os.path.abspath(path)


class Ended:
    """A process that ended."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    def __str__(self):
        return f"$ {' '.join(map(str, self.argv))}\nstatus {self.status}\n-- stdout\n{self.out}-- stderr\n{self.err}"

    @property
    def digest(self):
        found = DIGEST.findall(self.out)
        check(found, f"a digest on standard output of\n{self}")
        return found[0]

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def document(self):
        return json.loads(self.out)


def check(condition, what):
    if not condition:
        raise Failure(f"expected {what}")


def check_equal(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: got\n  {got!r}\nexpected\n  {wanted!r}")


class World:
    """A folder, a home and an environment that belong to one test."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TMPDIR": str(self.folder),
                    "XDG_RUNTIME_DIR": str(self.home), "SLIPWAY_ACTOR": "e2e"}
        self.stack = contextlib.ExitStack()
        self.notes = []

    def note(self, text):
        """Says something beside the result, such as a figure."""
        self.notes.append(text)

    def lacks(self, offer, why):
        """Notes that this machine lacks one of OFFERS; a failure where E2E_REQUIRE demands it."""
        if REQUIRED & {offer, "all"}:
            raise Failure(f"E2E_REQUIRE demands {offer}, and this machine lacks {OFFERS[offer]}: {why}")
        self.note(f"this machine lacks {OFFERS[offer]} ({offer}): {why}")

    def write(self, name, text, mode=None):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if mode is not None:
            path.chmod(mode)
        return path

    def tool(self, *argv, status=0, cwd=None, env=None, umask=-1, timeout=300, input=None, **more):
        """Runs a program; any other status than `status` (None: whatever) fails the test."""
        if not shutil.which(argv[0]):
            raise Failure(f"this test needs {argv[0]}; scripts/test installs it")
        done = subprocess.run([str(word) for word in argv], cwd=cwd or self.folder, env={**self.env, **(env or {})},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, umask=umask,
                              **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}), **more)
        ended = Ended(argv, done.returncode, done.stdout.decode("utf-8", "replace"),
                      done.stderr.decode("utf-8", "replace"))
        if status is not None and ended.status != status:
            raise Failure(f"expected status {status} of\n{ended}")
        return ended

    def slipway(self, *argv, **options):
        return self.tool(program(), *argv, **options)

    def start(self, *argv, env=None, **options):
        """Starts the program in a process group of its own, for tests that kill it."""
        options = {"cwd": self.folder, "stdout": subprocess.DEVNULL, **options}
        return subprocess.Popen([program(), *map(str, argv)], env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True, **options)

    def peak_mib(self, *argv):
        """The peak memory of one run that succeeds, MiB. (What wait4 says counts the memory of whoever started it.)"""
        process = self.start(*argv)
        peak = 0
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found[1])) if found else peak
            time.sleep(0.005)
        check_equal(process.returncode, 0, f"the status of {argv}")
        return peak / 1024

    def registry(self, **options):
        """A docker-registry on loopback that lives as long as the test."""
        return self.stack.enter_context(Registry(self, **options))

    def refused_port(self):
        """A loopback port on which nothing listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def static_program(self, text="hello from scratch", status=0):
        """A statically linked program that prints `text`; compiled from C."""
        source = self.write("hello.c", f'#include <stdio.h>\nint main(void) {{ puts("{text}"); return {status}; }}\n')
        binary = self.folder / "hello"
        self.tool("cc", "-static", "-O1", "-s", source, "-o", binary)
        return binary


class Registry:
    """docker-registry with storage of its own; its access log can be read and counted.

    `data` is where it stores, `read_only` makes it refuse whatever writes, `token` is a TokenServer that it trusts.
    """

    def __init__(self, world, htpasswd=None, data=None, read_only=False, token=None, delete=True):
        self.world, self.htpasswd, self.read_only, self.token = world, htpasswd, read_only, token
        self.delete = delete
        self.port = world.refused_port()
        self.host = f"127.0.0.1:{self.port}"
        self.folder = world.folder / f"registry-{self.port}"
        self.data = data or self.folder / "data"
        self.process = None

    def __enter__(self):
        self.folder.mkdir()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        auth = f"\nauth: {{htpasswd: {{realm: test, path: {self.htpasswd}}}}}" if self.htpasswd else ""
        auth = self.token.config() if self.token else auth
        config = self.folder / "config.yml"
        config.write_text(f"version: 0.1\nlog: {{accesslog: {{disabled: false}}, level: error}}\n"
                          f"storage: {{filesystem: {{rootdirectory: {self.data}}}, delete: {{enabled: {str(self.delete).lower()}}}, "
                          f"maintenance: {{readonly: {{enabled: {str(self.read_only).lower()}}}}}}}\n"
                          f'http: {{addr: "{self.host}", secret: e2e}}{auth}\n')
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=self.log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                        env={"PATH": self.world.env["PATH"], "HOME": self.world.env["HOME"]})
        until = time.monotonic() + 30
        while self.status("/v2/") not in (200, 401):
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure(f"docker-registry did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def get(self, path, accept=None):
        """(status, headers, body) of a plain GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Accept": accept} if accept else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def status(self, path):
        try:
            return self.get(path)[0]
        except OSError:
            return None

    def tags(self, repository):
        status, _, body = self.get(f"/v2/{repository}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []

    def digest_of(self, repository, tag):
        status, headers, _ = self.get(f"/v2/{repository}/manifests/{tag}", ", ".join(MANIFEST_TYPES))
        return headers["Docker-Content-Digest"] if status == 200 else None

    def requests(self):
        """Every request of slipway so far: (method, path, status)."""
        text = (self.folder / "log").read_text("utf-8", "replace")
        lines = re.findall(r'"([A-Z]+) (\S+) HTTP/1\.1" (\d+) \d+ "[^"]*" "slipway[^"]*"', text)
        return [(method, path, int(status)) for method, path, status in lines]


MANIFEST_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
                  "application/vnd.docker.distribution.manifest.v2+json",
                  "application/vnd.docker.distribution.manifest.list.v2+json")


def layout_index(path):
    return json.loads((pathlib.Path(path) / "index.json").read_text())


def layout_blob(path, digest):
    return (pathlib.Path(path) / "blobs" / digest.replace(":", "/")).read_bytes()


def layout_tags(path):
    """{tag: digest} of a layout, as any other tool reads it."""
    name = "org.opencontainers.image.ref.name"
    return {entry["annotations"][name]: entry["digest"] for entry in layout_index(path)["manifests"]
            if name in entry.get("annotations", {})}


def check_layout(path):
    """A layout that anybody may read: whatever index.json names is there, whole and true."""
    if not (path / "index.json").exists():
        return {}

    def visit(digest):
        data = layout_blob(path, digest)
        check_equal("sha256:" + hashlib.sha256(data).hexdigest(), digest, "a blob's bytes")
        document = json.loads(data)
        for child in document.get("manifests", []):
            visit(child["digest"])
        for blob in [document[name] for name in ("config",) if name in document] + document.get("layers", []):
            check_equal("sha256:" + hashlib.sha256(layout_blob(path, blob["digest"])).hexdigest(), blob["digest"], "a blob")

    for entry in layout_index(path)["manifests"]:
        visit(entry["digest"])
    return layout_tags(path)


@contextlib.contextmanager
def new_folder():
    """A folder of its own; its name is good in an image reference too."""
    folder = os.path.join(tempfile.gettempdir(), f"slipway-e2e-{secrets.token_hex(6)}")
    os.mkdir(folder, 0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_file(functions, part=1, parts=1):
    """Runs every `parts`-th test function of one file, from the `part`-th on, each in a new world; gives the names that
    passed and how many failed."""
    wanted = os.environ.get("E2E_FILTER", "")
    tests = [name for name in functions if name.startswith("test_")]
    passed, failed = [], 0
    for name in tests[part - 1::parts]:
        if wanted not in name:
            continue
        function = functions[name]
        started = time.monotonic()
        with new_folder() as folder:
            world = World(folder)
            try:
                with world.stack:
                    function(world)
                failed_why = None
            except Exception as error:  # a broken test is a failed one, and the others still run
                failed_why = str(error) if isinstance(error, Failure) else traceback.format_exc()
            if failed_why is not None and os.environ.get("E2E_KEEP"):
                kept = shutil.copytree(folder, tempfile.mkdtemp(prefix="slipway-kept-") + "/world", symlinks=True)
                print(f"kept {kept}")
        seconds = time.monotonic() - started
        print(f"{'ok  ' if failed_why is None else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
        for note in world.notes:
            print(f"     {note}")
        if failed_why is None:
            passed.append(name)
        else:
            failed += 1
            print("     " + failed_why.replace("\n", "\n     "), flush=True)
    return passed, failed
