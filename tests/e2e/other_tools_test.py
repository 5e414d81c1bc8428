"""Every command on the right of docs/FROM_OTHER_TOOLS.md does what the page says: it ends with success."""
import json
import re
import shlex
import tarfile

from harness import ROOT, check, check_equal

PROJECT = """\
app: app
image:
  repository: registry.example.com/team/app
  base: scratch
  platforms: [linux/amd64]
  layers: [{name: app, files: [{from: hello, to: /bin/hello, mode: "0755"}]}]
environments:
  staging: {}
"""


def commands():
    """The commands on the right that can run here, in the order of the page."""
    rows = re.findall(r"^\| (.+) \| (.+) \|$", (ROOT / "docs/FROM_OTHER_TOOLS.md").read_text(), re.MULTILINE)
    rows = [(there, here) for there, here in rows if there.startswith("`")]
    check(len(rows) >= 50, f"fifty lines at least, not {len(rows)}")
    return [re.fullmatch(r"`(slipway [^`]+)`", here)[1] for _, here in rows if re.fullmatch(r"`slipway [^`]+`", here)]


def test_every_line_on_the_right_works(world):
    registry, mirror = world.registry(), world.registry()

    def real(text):
        return text.replace("registry.example.com", registry.host).replace("mirror.example.com", mirror.host)

    world.write("hello", "#!/bin/true\n", 0o755)
    world.write("slipway.yaml", real(PROJECT))
    world.write("deployment.yaml", real("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
                                        "    - {name: app, image: registry.example.com/team/app:v1}\n"))
    world.write("list.txt", real("registry.example.com/team/app:v1\n"))
    for arch in ("amd64", "arm64"):
        world.slipway("build", "--base", "scratch", "--platform", f"linux/{arch}", "--add", "hello:/bin/hello:0755", "--to",
                      f"oci:{arch}:v1")
    world.write("other", "#!/bin/false\n", 0o755)
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "other:/bin/hello:0755", "--to",
                  "oci:out:v1")
    ran = 0
    world.write("notes.txt", "hello\n")
    world.write("sbom.json", "{}")
    world.env["SLIPWAY_KEY_PASSWORD"] = "a secret"
    with tarfile.open(world.folder / "layer.tar", "w") as layer:
        layer.add(world.folder / "notes.txt", "notes.txt")
    for line in commands():
        if "sha256:..." in line:
            config = json.loads(world.slipway("manifest", real("registry.example.com/team/app:v1")).out)["config"]["digest"]
            line = line.replace("sha256:...", config)
        ended = world.slipway(*shlex.split(real(line))[1:], status=None)
        check_equal(ended.status, 0, f"the status of\n{line}\n{ended}")
        ran += 1
    check(ran >= 50, f"fifty commands that ran, not {ran}")


# The command lines of other tools, with slipway in the place of the tool's name: what works has no needle; what does not
# ends with status 2 and a hint that has the needle. APP and MIRROR are repositories, APP:v1 is an image.
TYPED = """\
crane      append -b APP:v1 -f layer.tar -t APP:appended
crane      append -f layer.tar -t APP:alone
crane      append --base APP:v1 --new_layer layer.tar --new_tag APP:appended
crane      auth get HOST | slipway auth which
crane      auth login HOST -u me -p secret | slipway login
crane      blob APP@CONFIG
crane      catalog HOST
crane      config APP:v1
crane      copy APP:v1 MIRROR:v1
crane      copy APP MIRROR --all-tags
crane      cp APP:v1 MIRROR:v1 -j 2
crane      copy APP:v1 MIRROR:v1 --allow-nondistributable-artifacts | slipway copy --help
crane      delete APP:v1 --dry-run
crane      digest APP:v1
crane      digest --full-ref APP:v1 | slipway inspect -o name
crane      digest --tarball app.tar | slipway digest FILE.tar
crane      export APP:v1 - | slipway unpack APP:v1 -
crane      export APP:v1 rootfs.tar | slipway unpack
crane      flatten APP:v1 -t APP:flat
crane      index append -m APP:v1 -t APP:index | slipway index
crane      layer APP@CONFIG | slipway blob
crane      ls APP
crane      ls --full-ref APP | -o name
crane      ls --omit-digest-tags APP | slipway ls
crane      manifest APP:v1
crane      mutate APP:v1 -l a=b -e X=y -u 5 -w /srv -a k=v -t APP:mutated
crane      mutate APP:v1 --append layer.tar -t APP:m | slipway append
crane      mutate APP:v1 --exposed-ports 80/tcp -t APP:ports
crane      mutate APP:v1 --set-platform linux/arm64 -t APP:m | --platform
crane      pull APP:v1 app.tar
crane      pull --format=oci APP:v1 folder | oci:FOLDER
crane      push app.tar APP:pushed
crane      rebase APP:v1 --old_base a --new_base b | --update-base
crane      registry serve | slipway probe
crane      tag APP:v1 other
crane      validate --remote APP:v1 | slipway validate
crane      validate --tarball app.tar | slipway validate
crane      version
skopeo     copy --all docker://APP:v1 docker://MIRROR:v1
skopeo     copy -a docker://APP:v1 oci:skopeo:v1
skopeo     copy --preserve-digests docker://APP:v1 oci:skopeo:v1 | leave it out
skopeo     copy --src-creds me:secret docker://APP:v1 oci:skopeo:v1 | --password-stdin
skopeo     copy --dest-compress-format zstd docker://APP:v1 oci:skopeo:v1 | slipway build --compression zstd
skopeo     copy --format v2s2 docker://APP:v1 oci:skopeo:v1 | never converts
skopeo     copy --override-arch arm64 docker://APP:v1 oci:skopeo:v1 | --platform OS/ARCH
skopeo     copy --multi-arch all docker://APP:v1 oci:skopeo:v1 | --platform OS/ARCH
skopeo     copy --remove-signatures docker://APP:v1 oci:skopeo:v1 | --referrers
skopeo     copy --src-tls-verify=false --digestfile d docker://APP:v1 oci:skopeo:v1
skopeo     copy --retry-times 3 docker://APP:v1 oci:skopeo:v1 | --retry N
skopeo     copy docker-daemon:app:v1 oci:x | docker save
skopeo     copy docker://APP:v1 dir:x | oci:FOLDER
skopeo     copy docker://APP:v1 containers-storage:x | slipway load
skopeo     copy docker://APP:v1 docker-archive:skopeo.tar:team/app:v1
skopeo     delete docker://APP:v1 --dry-run
skopeo     inspect docker://APP:v1
skopeo     inspect --raw docker://APP:v1
skopeo     inspect --config docker://APP:v1
skopeo     inspect -n docker://APP:v1 | slipway ls
skopeo     inspect --format {{.Digest}} docker://APP:v1 | -o json
skopeo     list-tags docker://APP
skopeo     login HOST -u me -p secret | --password-stdin
skopeo     manifest-digest m.json | slipway digest
skopeo     standalone-sign a b | slipway sign
skopeo     sync --src docker --dest docker APP MIRROR | slipway copy
oras       attach --artifact-type text/plain APP:v1 notes.txt
oras       attach APP:v1 notes.txt | --artifact-type
oras       blob fetch APP@CONFIG | slipway blob APP@CONFIG
oras       copy -r APP:v1 MIRROR:oras
oras       cp --recursive --from-plain-http --to-plain-http APP:v1 MIRROR:oras
oras       discover APP:v1 | slipway referrers
oras       login HOST -u me --password secret | --password-stdin
oras       manifest fetch APP:v1 | slipway manifest APP:v1
oras       manifest fetch-config APP:v1 | slipway config APP:v1
oras       pull APP:v1 -o folder | --output
oras       repo ls HOST | slipway catalog HOST
oras       repo tags APP | slipway ls APP
oras       resolve APP:v1 | slipway digest
oras       tag APP:v1 a b c
oras       copy --from-oci-layout out:v1 MIRROR:x | oci:FOLDER:TAG
oras       backup APP -o b | slipway copy --all-tags
regctl     artifact tree APP:v1 | slipway referrers APP:v1
regctl     blob get APP CONFIG | slipway blob APP
regctl     image copy APP:v1 MIRROR:v1 | slipway copy APP:v1 MIRROR:v1
regctl     image digest APP:v1 | slipway digest APP:v1
regctl     image inspect APP:v1 | slipway inspect APP:v1
regctl     image manifest APP:v1 | slipway manifest APP:v1
regctl     index create APP:i --ref a | slipway index APP:i
regctl     manifest get APP:v1 | slipway manifest APP:v1
regctl     manifest head APP:v1 | slipway digest APP:v1
regctl     registry login HOST | slipway login HOST
regctl     repo copy APP MIRROR | slipway copy --all-tags APP MIRROR
regctl     tag ls APP | slipway ls APP
regctl     tag rm APP:v1 | slipway delete APP:v1
docker     build -t v1 . | slipway build
docker     build --build-arg A=b -t v1 . | slipway build
docker     build --load | slipway load
docker     buildx build --push . | slipway build
docker     buildx imagetools create -t APP:both A B | slipway build
docker     history APP:v1
docker     image inspect APP:v1 | slipway inspect APP:v1
docker     image ls oci:out | slipway ls -l oci:out
docker     images | slipway ls
docker     import rootfs.tar | slipway append scratch
docker     inspect APP:v1
docker     load -i app.tar --into docker | slipway load FILE.tar
docker     manifest inspect APP:v1 | slipway manifest APP:v1
docker     ps | slipway status
docker     pull APP:v1 | slipway copy APP:v1 DST
docker     push APP:v1 | slipway copy APP:v1 DST
docker     rmi APP:v1 | slipway delete
docker     save -o app.tar APP:v1 | docker-archive:FILE
docker     system prune | slipway cache prune
docker     tag APP:v1 MIRROR:v2 | slipway copy APP:v1 MIRROR:v2
kbld       pin --lock-output l.lock deployment.yaml | --lock FILE
kbld       pin --imgpkg-lock-output l.yml deployment.yaml | --lock FILE
kbld       pin deployment.yaml
cosign     attest APP:v1 | --predicate FILE
cosign     copy --referrers APP:v1 MIRROR:cosign
cosign     download sbom APP:v1 | slipway sbom APP:v1
cosign     generate-key-pair | slipway key generate
cosign     save --dir d APP:v1 | slipway copy
cosign     sign APP:v1 | slipway key generate
cosign     tree APP:v1 | slipway referrers
cosign     triangulate APP:v1 | slipway referrers
cosign     verify --certificate-identity x APP:v1 | cosign
kubectl    rollout undo production | slipway rollback production
kubectl    rollout history staging | slipway history staging
kubectl    describe staging | slipway show
"""


def test_what_is_typed_for_other_tools_works_or_is_answered(world):
    registry, mirror = world.registry(), world.registry()
    names = {"APP": f"{registry.host}/team/app", "MIRROR": f"{mirror.host}/team/app", "HOST": registry.host}
    world.write("hello", "#!/bin/true\n", 0o755)
    world.write("notes.txt", "hello\n")
    world.write("deployment.yaml", f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - {{image: {names['APP']}:v1}}\n")
    with tarfile.open(world.folder / "layer.tar", "w") as layer:
        layer.add(world.folder / "notes.txt", "notes.txt")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "hello:/bin/hello:0755", "--to",
                  f"{names['APP']}:v1", "--to", "oci:out:v1", "--to", "docker-archive:app.tar:app:v1")
    names["CONFIG"] = json.loads(world.slipway("manifest", "oci:out:v1").out)["config"]["digest"]

    def real(text):
        return re.sub(r"\b(APP|MIRROR|HOST|CONFIG)\b", lambda match: names[match[1]], text)

    lines = TYPED.splitlines()
    check(len(lines) >= 80, f"eighty lines at least, not {len(lines)}")
    problems = []
    for line in lines:
        typed, _, needle = line.partition(" | ")
        ended = world.slipway(*shlex.split(real(typed))[1:], status=None)
        hints = [text for text in ended.err.splitlines() if text.startswith("hint: ")]
        answered = len(hints) == 1 and real(needle) in hints[0] and ended.status == 2 and not ended.out
        if not (answered if needle else ended.status == 0) or "secret" in ended.err:
            problems.append(f"{line}\n{ended}")
    check(not problems, "each line works or is answered, not\n" + "\n".join(problems))


KNOWN_ELSEWHERE = {"--healthy", "--release", "--no-undefined", "--no-same-owner", "--rebase", "--hard", "--format", "--unshallow", "--tls-verify", "--reset-author"}


def test_hints_name_commands_and_options_that_exist(world):
    """Each "slipway COMMAND" and each --option in a hint of the sources is in the reference."""
    reference = (ROOT / "docs/CLI.md").read_text()
    commands = set(re.findall(r"^## slipway ([a-z]+)", reference, re.MULTILINE)) | {"help", "options", "cp", "push", "pull"}
    options = set(re.findall(r"--[a-z][a-z-]+", reference)) | KNOWN_ELSEWHERE
    hints = 0
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        text = path.read_text()
        for start in (match.end() for match in re.finditer(r"with_hint\(", text)):
            end = text.find(";\n", start)
            words = " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text[start:end]))
            hints += 1
            for command in re.findall(r"(?:: |or |then )slipway ([a-z]+)", words):
                check(command in commands, f"slipway {command} in {path.name}: {words}")
            for option in re.findall(r"(?<![a-z-])--[a-z][a-z-]+", words):
                check(option in options, f"{option} in {path.name}: {words}")
    check(hints > 250, f"the hints of the sources, not {hints}")
