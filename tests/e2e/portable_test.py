"""The portable program: one folder that needs nothing of the machine, tried in roots that have nothing."""
import os
import pathlib
import shutil
import sys
import tarfile

from harness import ROOT, check, check_equal, program

PEER = pathlib.Path(__file__).with_name("portable_peer.py")
made = {}


def archive(world, folder="first", **options):
    """The archive of the program under test, made in a folder."""
    ended = world.tool(ROOT / "scripts/portable", "--program", program(), "--output", world.folder / folder,
                       env={"SOURCE_DATE_EPOCH": "1700000000", **options.pop("env", {})}, **options)
    return pathlib.Path(ended.lines[-1])


def unpacked(world, into):
    """The program's folder, unpacked below `into`; made once for the tests of this file."""
    if "bytes" not in made:
        path = archive(world)
        made.update(name=path.name, bytes=path.read_bytes())
    packed = world.write(made["name"], made["bytes"])
    with tarfile.open(packed) as tar:
        tar.extractall(into)
    return pathlib.Path(into) / made["name"].removesuffix(".tar.gz")


def in_root(world, root, *argv, peer=None, **options):
    """Runs a command with `root` as its whole system; with `peer`, in a network where that command's servers are."""
    words = ["unshare", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
    if peer is not None:
        words += ["--net", sys.executable, PEER, *peer, "--"]
    environment = options.pop("env", {"HOME": "/project", "TMPDIR": "/project", "SLIPWAY_ACTOR": "e2e"})
    words += ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
    return world.tool(*words, shutil.which("chroot"), root, *argv, **options)


def empty_root(world, name="root"):
    """A root with the portable program, a name server's address and a project folder, and nothing else."""
    root = world.folder / name
    for folder in ("opt", "etc", "project"):
        (root / folder).mkdir(parents=True)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    return root, f"/opt/{unpacked(world, root / 'opt').name}/slipway"


def test_the_same_program_gives_the_same_archive(world):
    first = archive(world)
    made.update(name=first.name, bytes=first.read_bytes())
    check(first.stat().st_size <= 12 << 20, f"at most 12 MiB, not {first.stat().st_size}")
    again = archive(world, "again", cwd="/", umask=0o077, env={"TZ": "Pacific/Auckland", "LC_ALL": "C"})
    check(again.read_bytes() == first.read_bytes(), "the same bytes from another folder, umask and time zone")
    with tarfile.open(first) as tar:
        members = tar.getmembers()
    check_equal({(m.uid, m.gid, m.uname, m.mtime) for m in members}, {(0, 0, "", 1700000000)}, "owners and times")
    name = first.name.removesuffix(".tar.gz")
    check_equal({m.name.split("/")[0] for m in members}, {name}, "one folder")
    names = {m.name.removeprefix(name + "/") for m in members}
    check({"slipway", "lib/slipway", "README", "share/licenses/slipway", "share/zoneinfo/Europe/Berlin"} <= names,
          f"program, licenses and zones in {sorted(names)[:20]}")
    check(not [n for n in names if "icu" in n or n.endswith((".pem", ".crt"))], "neither ICU nor certificates")


def test_an_empty_root(world):
    root, slipway = empty_root(world)
    run = lambda *argv, **options: in_root(world, root, slipway, *argv, **options)
    check_equal(run("version").out, world.slipway("version").out, "what version says")
    # A release under a freeze: zones are bundled. A thing in xz: libarchive is there.
    shutil.copy(world.static_program(), root / "project/app")
    world.write("inner/file", "packed\n")
    world.tool("tar", "-cJf", root / "project/things.tar.xz", "-C", world.folder / "inner", "file")
    (root / "project/slipway.yaml").write_text("""\
app: hello
image:
  repository: "oci:./images"
  base: scratch
  layers:
    - {name: app, files: [{from: app, to: /usr/bin/app, mode: "0755"}]}
    - {name: things, archive: things.tar.xz}
  config: {entrypoint: [/usr/bin/app]}
environments:
  staging:
    policy: {freeze: [{from: "2026-01-01 00:00", to: "2099-01-01 00:00", zone: Europe/Berlin}]}
""")
    options = ("-f", "/project/slipway.yaml")
    built = run(*options, "build", "--push").digest
    refused = run(*options, "release", "staging", status=None)
    check(refused.status != 0 and "Europe/Berlin" in refused.err and "time zone" not in refused.err, f"a freeze in\n{refused}")
    check("file" in run("files", "oci:/project/images@" + built).out, "the archive's file in the image")
    inner = os.path.dirname(slipway) + "/lib/slipway"
    check("ld-linux" in run("closure", inner, status=12).err, "the loader that the root lacks")


def test_names_proxies_and_certificates_in_an_empty_root(world):
    root, slipway = empty_root(world)
    for name, words in {"ca": ["-subj", "/CN=ca"], "host": ["-subj", "/CN=registry.test"]}.items():
        world.tool("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                   f"{name}.key", *words, *(["-x509", "-days", "30", "-out", "ca.crt"] if name == "ca" else ["-out", "host.csr"]))
    world.write("san", "subjectAltName=DNS:registry.test\n")
    world.tool("openssl", "x509", "-req", "-in", "host.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
               "-days", "30", "-extfile", "san", "-out", "host.crt")
    peer = [world.folder / "host.crt", world.folder / "host.key"]
    run = lambda *argv, **options: in_root(world, root, slipway, "catalog", *argv, peer=peer, **options)
    check_equal(run("--plain-http", "registry.test:5000").out, "registry.test:5000/team/hello\n", "what a name server's host says")
    proxied = run("--plain-http", "elsewhere.test:80", env={"HOME": "/project", "http_proxy": "http://proxy.test:5000"})
    check_equal(proxied.out, "elsewhere.test:80/team/hello\n", "what comes through a proxy")
    lost = run("--retry", "0", "registry.test:5443", status=15)
    check("ca-certificates" in lost.err and "SSL_CERT_FILE" in lost.err, f"a hint where there are no authorities in\n{lost}")
    for place in ("etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/ca-bundle.pem"):
        (root / place).parent.mkdir(parents=True)
        shutil.copy(world.folder / "ca.crt", root / place)
        check_equal(run("registry.test:5443").out, "registry.test:5443/team/hello\n", f"what is trusted with /{place}")
        shutil.rmtree(root / place.split("/")[0] / place.split("/")[1])


def test_a_root_with_busybox_alone_and_links_to_the_program(world):
    root, slipway = empty_root(world)
    (root / "bin").mkdir()
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    (root / "bin/slipway").symlink_to(".." + slipway)
    (root / "usr").mkdir()
    (root / "usr/s").symlink_to("/bin/slipway")
    wanted = world.slipway("version").out
    for command in ("slipway version", "/usr/s version", "cd /bin && ./slipway version", f"cd {os.path.dirname(slipway)} && ./slipway version"):
        ended = in_root(world, root, "/bin/sh", "-c", command, env={"PATH": "/bin"})
        check_equal(ended.out, wanted, f"what {command} says")
    words = ["build", "--base", "scratch", "--add", "/bin/busybox:/bin/busybox:0755", "--to", "oci:/project/layout:v1"]
    check_equal(in_root(world, root, "/bin/slipway", *words).digest, world.slipway(
        "build", "--base", "scratch", "--add", f"{root}/bin/busybox:/bin/busybox:0755", "--to", "oci:plain:v1").digest,
        "the digest that the plain program gives")


def test_folders_that_move(world):
    folder = unpacked(world, world.folder / "unpacked")
    wanted = world.slipway("version").out
    moved = world.folder / "a folder, moved"
    folder.rename(moved)
    check_equal(world.tool(moved / "slipway", "version").out, wanted, "what it says after the move")
    (world.folder / "link").symlink_to(moved / "slipway")
    check_equal(world.tool(world.folder / "link", "version").out, wanted, "what it says through a link")
    # The machine's libraries are not taken, whatever these say.
    ended = world.tool(moved / "slipway", "version", env={"LD_LIBRARY_PATH": "/lib/x86_64-linux-gnu", "LD_BIND_NOW": "1"})
    check_equal(ended.out, wanted, "what it says with LD_LIBRARY_PATH")
    odd = moved.rename(world.folder / "odd:folder")
    ended = world.tool(odd / "slipway", "version", status=2)
    check("odd:folder" in ended.err and "hint: move it" in ended.err, f"the folder in\n{ended}")
    odd.rename(world.folder / "half")
    shutil.rmtree(world.folder / "half/lib")
    check("unpack the whole folder" in world.tool(world.folder / "half/slipway", "version", status=127).err, "a hint")
