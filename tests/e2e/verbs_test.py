"""Verbs of crane and oras, judged by skopeo and umoci, and by crane and oras themselves where they are installed."""
import io
import json
import shutil
import subprocess
import tarfile

from harness import check, check_equal, program


def bytes_of(world, *argv):
    """Standard output of slipway, not decoded."""
    done = subprocess.run([program(), *argv], cwd=world.folder, env=world.env, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


def members(data):
    """{path: everything that counts} of a tar; a hard link counts as its file."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            name = member.name.strip("/")
            name = name.removeprefix("./")
            if member.islnk() or member.isfile():
                found[name] = ("file", member.mode, member.uid, member.gid, tar.extractfile(member).read())
            else:
                found[name] = (member.type, member.mode if member.isdir() else 0, member.uid, member.gid, member.linkname)
    return found


def crane(world, *argv):
    return subprocess.run(["crane", *argv], cwd=world.folder, env=world.env, check=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE).stdout


def image(world, registry):
    """An image of two layers: replaced and removed files, links, owners, a setuid program."""
    world.write("app/bin/tool", "#!/bin/true\n", 0o755)
    world.write("app/etc/conf", "key=value\n")
    world.write("app/etc/gone/file", "x")
    (world.folder / "app/etc/same").hardlink_to(world.folder / "app/etc/conf")
    (world.folder / "app/etc/link").symlink_to("../bin/tool")
    world.write("upper/etc/conf", "key=other\n")
    world.write("slipway.yaml", f"""\
app: app
image:
  repository: {registry.host}/team/app
  base: {registry.host}/team/base:v1
  platforms: [linux/amd64]
  layers: [{{name: upper, files: [{{from: upper/, to: /}}, {{from: app/bin/tool, to: /bin/su, mode: "4755", owner: "7:8"}}],
             remove: [/etc/gone]}}]
environments: {{staging: {{}}}}
""")
    world.slipway("build", "--base", "scratch", "--add", "app:/", "--platform", "linux/amd64", "--no-check", "--to",
                  f"{registry.host}/team/base:v1")
    world.slipway("build", "--push", "-t", "v1", "--no-check")
    return f"{registry.host}/team/app:v1"


def test_trees_tars_and_configs(world):
    registry = world.registry()
    ref = image(world, registry)
    tree = bytes_of(world, "unpack", ref, "-")
    ours = members(tree)
    check_equal(ours["bin/su"][1:4], (0o4755, 7, 8), "mode and owner of the setuid program")
    check("etc/gone" not in ours, "a removed folder is not there")
    check_equal(ours["etc/conf"][4], b"key=other\n", "the upper file")
    check_equal(ours["etc/same"][4], b"key=value\n", "the other name of the replaced file")

    repository = f"{registry.host}/team/app"
    world.slipway("flatten", ref, "--tag", "flat")
    check_equal(members(bytes_of(world, "unpack", f"{repository}:flat", "-")), ours, "the flattened tree")
    world.write("layer.tar", tree)
    world.slipway("append", "scratch", "layer.tar", f"{repository}:tree", "--platform", "linux/amd64")
    check_equal(members(bytes_of(world, "unpack", f"{repository}:tree", "-")), ours, "the tree of one tar")
    piped = world.folder / "layer.tar"
    with open(piped, "rb") as stream:
        subprocess.run([program(), "append", ref, "-", "--tag", "more"], cwd=world.folder, env=world.env, check=True,
                       stdin=stream, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world.slipway("mutate", ref, "--label", "team=web", "--entrypoint", '["/bin/tool","-x"]', "--annotation", "k=v", "--tag",
                  "mutated")
    for tag, layers in (("flat", 1), ("tree", 1), ("more", 3), ("mutated", 2)):
        world.tool("skopeo", "copy", "--src-tls-verify=false", f"docker://{repository}:{tag}", f"oci:read:{tag}")
        world.tool("umoci", "unpack", "--rootless", "--image", f"read:{tag}", f"bundle-{tag}")
        check((world.folder / f"bundle-{tag}/rootfs/etc/conf").read_text() == "key=other\n", f"{tag} as umoci unpacks it")
        check_equal(len(world.slipway("inspect", f"{repository}:{tag}", "-o", "json").document["images"][0]["layers"]),
                    layers, f"the layers of {tag}")
        world.slipway("validate", f"{repository}:{tag}")
    if not shutil.which("crane"):
        world.note("crane is not installed: its results are not compared")
        return
    # The other name of a replaced file keeps the old bytes for every runtime; crane gives it the new ones.
    ours = {path: entry for path, entry in ours.items() if path != "etc/same"}
    theirs = members(crane(world, "export", ref, "-"))
    del theirs["etc/same"]
    check_equal(theirs, ours, "crane export")
    crane(world, "flatten", ref, "-t", f"{repository}:crane-flat")
    theirs = members(bytes_of(world, "unpack", f"{repository}:crane-flat", "-"))
    del theirs["etc/same"]
    check_equal(theirs, ours, "crane flatten")
    world.tool("gzip", "-nk", "layer.tar")
    crane(world, "append", "-b", ref, "-f", "layer.tar.gz", "-t", f"{repository}:crane-more")
    world.slipway("append", ref, "layer.tar.gz", "--tag", "more-gz")
    last = [json.loads(crane(world, "manifest", f"{repository}:{tag}"))["layers"][-1]["digest"]
            for tag in ("crane-more", "more-gz")]
    check_equal(last[1], last[0], "the layer that crane append makes of a compressed tar")
    crane(world, "mutate", ref, "--label", "team=web", "--entrypoint", "/bin/tool,-x", "--annotation", "k=v", "-t",
          f"{repository}:crane-mutated")
    theirs, mine = [json.loads(crane(world, "config", f"{repository}:{tag}"))["config"] for tag in ("crane-mutated", "mutated")]
    check_equal({key: mine[key] for key in ("Labels", "Entrypoint")}, {key: theirs[key] for key in ("Labels", "Entrypoint")},
                "what crane mutate says")
    theirs, mine = [json.loads(crane(world, "manifest", f"{repository}:{tag}")) for tag in ("crane-mutated", "mutated")]
    check_equal((mine["layers"], mine["annotations"]["k"]), (theirs["layers"], theirs["annotations"]["k"]),
                "layers and annotations of crane mutate")


def test_catalog_and_blobs(world):
    registry = world.registry()
    ref = image(world, registry)
    names = world.slipway("catalog", registry.host).lines
    check_equal(names, [f"{registry.host}/team/app", f"{registry.host}/team/base"], "the repositories")
    check_equal(world.slipway("catalog", registry.host, "-o", "json").document["repositories"], ["team/app", "team/base"],
                "the repositories as JSON")
    config = world.slipway("inspect", ref, "-o", "json").document["images"][0]["config"]
    check_equal(world.slipway("blob", f"{registry.host}/team/app@{config}").out, world.slipway("config", ref).out, "a blob")
    check_equal(world.slipway("blob", f"{registry.host}/team/app@sha256:{'0' * 64}", status=None).status, 13, "no blob")
    if shutil.which("crane"):
        check_equal(crane(world, "catalog", registry.host).decode().split(), ["team/app", "team/base"], "crane catalog")


def test_a_catalog_is_for_those_who_may_see_it(world):
    world.tool("htpasswd", "-Bbc", "passwords", "me", "secret")
    registry = world.registry(htpasswd=world.folder / "passwords")
    refused = world.slipway("catalog", registry.host, status=14)
    check("does not list its repositories" in refused.err and "hint:" in refused.err, f"why and what next in {refused}")


def test_artifacts(world):
    registry = world.registry()
    ref = image(world, registry)
    world.write("docs/report.json", "{}")
    world.write("notes.txt", "hello\n")
    files = f"{registry.host}/team/files"
    world.slipway("put", f"{files}:v1", "docs/report.json:application/json", "notes.txt", "--artifact-type",
                  "application/vnd.example.report")
    check_equal(world.slipway("get", f"{files}:v1", "got").lines, ["got/docs/report.json", "got/notes.txt"], "the files")
    attached = world.slipway("attach", ref, "notes.txt:text/plain", "--artifact-type", "application/vnd.example.notes")
    check("application/vnd.example.notes" in world.slipway("referrers", ref).out, "a referrer")
    check_equal(world.slipway("get", attached.out.strip(), "-").out, "hello\n", "the only file on standard output")
    world.slipway("copy", "--referrers", ref, f"{registry.host}/mirror/app:v1")
    check("application/vnd.example.notes" in world.slipway("referrers", f"{registry.host}/mirror/app:v1").out, "it goes along")
    if not shutil.which("oras"):
        world.note("oras is not installed: its results are not compared")
        return
    world.tool("oras", "pull", "--plain-http", f"{files}:v1", "-o", "oras")
    check_equal((world.folder / "oras/docs/report.json").read_text(), "{}", "oras pull of slipway put")
    found = json.loads(world.tool("oras", "discover", "--plain-http", "--format", "json", ref).out)
    check("application/vnd.example.notes" in json.dumps(found), f"oras discover of slipway attach: {found}")
    world.tool("oras", "push", "--plain-http", f"{files}:oras", "notes.txt:text/plain", "--artifact-type", "application/x.y")
    check_equal(world.slipway("get", f"{files}:oras", "theirs").lines, ["theirs/notes.txt"], "slipway get of oras push")
    check_equal((world.folder / "theirs/notes.txt").read_text(), "hello\n", "the bytes")


def test_logins_of_one_run(world):
    """USER:PASSWORD from a variable or a descriptor goes before all files, for the side that it is for."""
    world.tool("htpasswd", "-Bbc", "passwords", "me", "secret")
    there = world.registry(htpasswd=world.folder / "passwords")
    open_one = world.registry()
    world.write("hello", "hello\n", 0o755)
    target = f"{there.host}/team/app:v1"
    build = ("build", "--base", "scratch", "--add", "hello:/hello", "--platform", "linux/amd64", "--no-check", "--to", target)
    world.slipway(*build, status=14)
    world.slipway(*build, env={"SLIPWAY_DEST_CREDS": "me:secret"})
    world.slipway("digest", target, status=14)
    world.slipway("digest", target, env={"SLIPWAY_CREDS": "me:secret"})
    world.slipway("digest", target, env={"SLIPWAY_CREDS": "me:wrong"}, status=14)
    copy = ("copy", target, f"{open_one.host}/team/app:v1")
    world.slipway(*copy, env={"SLIPWAY_DEST_CREDS": "me:secret"}, status=14)
    world.write("login", "me:secret\nmore\n")
    with open(world.folder / "login", "rb") as login:
        world.slipway(*copy, env={"SLIPWAY_SRC_CREDS": f"fd:{login.fileno()}"}, pass_fds=(login.fileno(),))
    refused = world.slipway(*copy, "--src-creds", "me:secret", status=2)
    check("SLIPWAY_SRC_CREDS" in refused.err and "secret" not in refused.err, f"the way, and no password, in {refused}")


def fed(world, data, *argv):
    """slipway with these bytes on standard input."""
    return subprocess.run([program(), *argv], cwd=world.folder, env=world.env, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def succeeds(world, data, *argv):
    done = fed(world, data, *argv)
    check_equal(done.returncode, 0, f"the status of {argv}: {done.stderr.decode()}")
    return done.stdout.decode()


def test_a_dash_stands_wherever_a_file_may(world):
    world.write("tree/etc/conf", "key=value\n")
    world.tool("tar", "-C", "tree", "-cf", "tree.tar", "etc")
    tar = (world.folder / "tree.tar").read_bytes()
    build = ("build", "--base", "scratch", "--platform", "linux/amd64", "--no-check", "--no-cache")
    named = world.slipway(*build, "--archive", "tree.tar", "--to", "oci:named:v1").digest
    check(named in succeeds(world, tar, *build, "--archive", "-", "--to", "oci:piped:v1"), "the same image from a pipe")
    check("/etc/conf" in world.slipway("files", "--layer", "archive", "oci:piped:v1").lines, "its layer by name")
    spdx = json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", "packages": [
        {"SPDXID": "SPDXRef-a", "name": "found-in-a-pipe", "versionInfo": "1", "downloadLocation": "NOASSERTION"}]})
    check("found-in-a-pipe" in succeeds(world, spdx.encode(), "sbom", "--include", "-", "oci:named:v1"), "an SBOM from a pipe")
    succeeds(world, spdx.encode(), *build, "--archive", "tree.tar", "--sbom", "spdx", "--sbom-include", "-", "--to",
             "oci:listed:v1")
    world.write("slipway.yaml", """\
app: app
image: {repository: "oci:./images", base: scratch, platforms: [linux/amd64], layers: [{name: tree, archive: "-"}]}
environments: {staging: {config: {env-file: "-"}}}
""")
    succeeds(world, tar, "build", "--push", "--no-check", "--no-cache")
    succeeds(world, b"PORT=8080\n", "release", "staging")
    check_equal(world.slipway("env", "staging").out, "PORT=8080\n", "the env file from a pipe")
    check_equal(len(world.slipway("history", "staging").lines), 1, "commands that read no such file do not wait for one")
    world.write("-", "PORT=1\n")
    succeeds(world, b"PORT=2\n", "release", "staging", "--same-build")
    check_equal(world.slipway("env", "staging").out, "PORT=1\n", "a file that is called so goes first")


def layer(world, ref):
    """The digest of the only layer."""
    return world.slipway("inspect", ref, "-o", "json").document["images"][0]["layers"][0]["digest"]


def test_compressed_tars_are_known_by_their_bytes(world):
    world.write("tree/etc/conf", "key=value\n")
    world.tool("tar", "-C", "tree", "-cf", "plain", "etc")
    world.slipway("build", "--base", "scratch", "--add", "tree/:/", "--platform", "linux/amd64", "--no-check", "--to",
                  "docker-archive:image.tar:app:v1", "--to", "oci:out:v1")
    digest = world.slipway("digest", "oci:out:v1").out.strip()
    appended = set()
    for program_name, ending in (("gzip", "gz"), ("xz", "xz"), ("bzip2", "bz2"), ("zstd", "zst")):
        for name in ("plain", "image.tar"):
            with open(world.folder / f"{name}-{ending}", "wb") as out:
                subprocess.run([program_name, "-c", name], cwd=world.folder, check=True, stdout=out)
        compressed = (world.folder / f"plain-{ending}").read_bytes()
        world.slipway("append", "scratch", f"plain-{ending}", f"oci:appended:{ending}", "--platform", "linux/amd64")
        succeeds(world, compressed, "append", "-b", "scratch", "-f", "-", "-t", f"oci:again:{ending}", "--platform", "linux/amd64")
        check_equal(layer(world, f"oci:again:{ending}"), layer(world, f"oci:appended:{ending}"), f"{ending} from a pipe")
        if ending in ("xz", "bz2"):
            appended.add(layer(world, f"oci:appended:{ending}"))
        check("/etc/conf" in world.slipway("files", f"oci:appended:{ending}").lines, f"the files of {ending}")
        check_equal(world.slipway("digest", f"docker-archive:image.tar-{ending}").out.strip(), digest, f"an archive in {ending}")
        piped = (world.folder / f"image.tar-{ending}").read_bytes()
        check(digest in succeeds(world, piped, "copy", "-", f"oci:from-pipe:{ending}"), f"an archive in {ending} from a pipe")
        (world.folder / f"image.tar-{ending}").rename(world.folder / f"image.tar.{ending}")
        check_equal(world.slipway("digest", f"image.tar.{ending}").out.strip(), digest, f"a file on disk in {ending}")
    world.slipway("append", "scratch", "plain", "oci:appended:plain", "--platform", "linux/amd64")
    appended.add(layer(world, "oci:appended:plain"))
    check_equal(len(appended), 1, "what no registry takes as it is gets the bytes of the plain tar")
