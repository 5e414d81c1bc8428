"""`pin` over a folder of everything, digests from a real registry, kept in a lock."""
import json
import subprocess

from harness import check, check_equal

FILES = {
    "k8s/app.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: HOST/a:1 # app\n",
    "k8s/kustomization.yaml": "images:\n- name: HOST/b\n  newTag: '2'\n",
    "chart/values.yaml": "image:\n  repository: HOST/a\n  tag: 1\n  pullPolicy: Always\n",
    "chart/templates/app.yaml": "image: {{ .Values.image.repository }}\n",
    "app.json": '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "HOST/a:1"}]}}\n',
    ".devcontainer/devcontainer.json": '{"image": "HOST/b:2"} // ours\n',
    "compose.yaml": "services:\n  a: {image: \"HOST/a:1\"}\n  b: {build: .}\n",
    "Dockerfile": "FROM HOST/a:1 AS a\nCOPY --from=HOST/b:2 / /\nFROM a\n",
    "units/b.container": "[Container]\nImage=HOST/b:2\n",
    "units/b.service": "[Service]\nExecStart=/usr/bin/podman run --rm HOST/b:2\n",
    ".github/workflows/ci.yml": "on: push\njobs: {t: {container: 'HOST/a:1', steps: [{uses: 'docker://HOST/b:2'}]}}\n",
    "ci/.gitlab-ci.yml": "image: HOST/a:1\n",
    "README.md": "docker run HOST/a:1\n",
}


def test_a_folder_is_pinned_locked_and_updated(world):
    registry = world.registry()
    world.write("file", "content")

    def push(name, text):
        world.write("file", text)
        return world.slipway("build", "--base", "scratch", "--add", "file:/file", "--platform", "linux/amd64", "--to",
                             f"{registry.host}/{name}").digest

    digests = {"a:1": push("a:1", "first"), "b:2": push("b:2", "second")}
    before = {name: text.replace("HOST", registry.host) for name, text in FILES.items()}
    for name, text in before.items():
        world.write(f"deploy/{name}", text)

    def read():
        return {name: (world.folder / "deploy" / name).read_text() for name in FILES}

    def expected():
        found = {}
        for name, text in before.items():
            for image, digest in digests.items():
                if name != "README.md":
                    text = text.replace(f"{registry.host}/{image}", f"{registry.host}/{image}@{digest}")
            found[name] = text
        found["k8s/kustomization.yaml"] += f"  digest: {digests['b:2']}\n"
        found["chart/values.yaml"] = found["chart/values.yaml"].replace("tag: 1\n", f"tag: 1@{digests['a:1']}\n")
        return found

    checked = world.slipway("pin", "--check", "deploy", status=10)
    check_equal(read(), before, "the files after --check")
    check("0 pinned" in checked.err and "left alone" in checked.err, f"the counts in\n{checked}")
    ended = world.slipway("pin", "--lock", "images.lock", "deploy")
    check_equal(len(ended.lines), len(FILES) - 2, "the changed files")
    check("templates/app.yaml" in ended.err and "template" in ended.err, f"a word about the template in\n{ended}")
    check_equal(read(), expected(), "the pinned files")
    lock = json.loads((world.folder / "images.lock").read_text())["images"]
    check_equal(lock, {f"{registry.host}/{image}": digest for image, digest in digests.items()}, "the lock")
    check_equal(world.slipway("pin", "--lock", "images.lock", "--check", "deploy").out, "", "the diff afterwards")

    for name, text in before.items():
        world.write(f"copy/{name}", text)
    done = subprocess.run(["patch", "-p0", "-s", "-d", str(world.folder)], input=checked.out.replace("deploy/", "copy/").encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check_equal(done.returncode, 0, f"patch with --check's diff: {done.stdout.decode()}")
    check_equal({name: (world.folder / "copy" / name).read_text() for name in FILES}, expected(), "what patch made")

    digests["a:1"] = push("a:1", "moved")
    check_equal(world.slipway("pin", "--lock", "images.lock", "deploy").out, "", "nothing moves by itself")
    world.slipway("pin", "--lock", "images.lock", "--update", f"{registry.host}/a", "deploy")
    check_equal(read(), expected(), "the updated files")
    ended = world.slipway("pin", "deploy/*.yaml", "nothing.yaml", status=13)
    check("nothing.yaml" in ended.err, f"the missing file in\n{ended}")
    gone = f"FROM {registry.host}/gone:1\nFROM {registry.host}/gone:2\n"
    world.write("deploy/Dockerfile", gone)
    world.write("deploy/k8s/app.yaml", before["k8s/app.yaml"])
    ended = world.slipway("pin", "--atomic", "deploy", status=13)
    check("gone:1" in ended.err and "gone:2" in ended.err, f"both at once in\n{ended}")
    check_equal(read()["k8s/app.yaml"], before["k8s/app.yaml"], "a file that --atomic kept")
    check_equal(world.slipway("pin", "deploy", status=13).lines, ["deploy/k8s/app.yaml"], "what is pinned all the same")
    check_equal(read()["Dockerfile"], gone, "the file whose images are gone")


def test_a_check_means_what_it_says(world):
    world.write("compose.yaml", f"services: {{a: {{image: 'a:1@sha256:{'a' * 64}'}}, b: {{image: '$B'}}}}\n")
    ended = world.slipway("pin", "--check", "compose.yaml")
    check("2 image references in 1 file: 1 pinned, 0 to change, 1 left alone, 0 not resolved" in ended.err, f"counts in\n{ended}")
    world.slipway("pin", "--check", "--strict", "--sarif", "pin.sarif", "compose.yaml", status=10)
    results = json.loads((world.folder / "pin.sarif").read_text())["runs"][0]["results"]
    check_equal([result["ruleId"] for result in results], ["left-alone"], "the findings")
    counted = json.loads(world.slipway("pin", "--check", "-o", "json", "compose.yaml").out)
    check_equal((counted["seen"], counted["pinned"], counted["leftAlone"]), (2, 1, 1), "the counts as JSON")
    absolute = str(world.folder / "compose.yaml")
    check(f"{absolute}:1:" in world.slipway("pin", "--check", absolute).err, "the path as it was typed")


def test_standard_input_goes_to_standard_output(world):
    digest = "sha256:" + "a" * 64
    world.write("images.lock", json.dumps({"schema": "slipway/v1/lock", "images": {"docker.io/library/a:1": digest}}))
    ended = world.slipway("pin", "--lock", "images.lock", "--format", "dockerfile=-", "-", input=b"FROM a:1\n")
    check_equal(ended.out, f"FROM a:1@{digest}\n", "the pinned text")
    world.slipway("pin", "-", "compose.yaml", status=2, input=b"")


def test_a_commit_has_the_pinned_files_alone(world):
    digest = "sha256:" + "a" * 64
    world.write("images.lock", json.dumps({"schema": "slipway/v1/lock", "images": {"docker.io/library/a:1": digest}}))
    git = dict(GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.com", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.com")
    world.tool("git", "init", "-q", "--bare", "-b", "main", "origin.git")
    for name in ("work", "other"):
        world.tool("git", "clone", "-q", "origin.git", name, env=git)
        if name == "work":
            world.write("work/Dockerfile", "FROM a:1\n")
            world.write("work/notes", "first\n")
            world.tool("git", "-C", "work", "add", "-A", env=git)
            world.tool("git", "-C", "work", "commit", "-qm", "first", env=git)
            world.tool("git", "-C", "work", "push", "-q", "origin", "HEAD:main", env=git)
    world.write("other/theirs", "x\n")
    world.tool("git", "-C", "other", "add", "-A", env=git)
    world.tool("git", "-C", "other", "commit", "-qm", "theirs", env=git)
    world.tool("git", "-C", "other", "push", "-q", "origin", "HEAD:main", env=git)
    world.write("work/notes", "not to be committed\n")
    world.write("work/staged", "nor this\n")
    world.tool("git", "-C", "work", "add", "staged", env=git)
    world.slipway("pin", "--lock", "images.lock", "--commit", "--push", "work/Dockerfile", env=git)
    log = world.tool("git", "-C", "origin.git", "log", "--format=%s", "main").lines
    check_equal(log, ["Pin 1 image reference", "theirs", "first"], "the history that was pushed")
    check_equal(world.tool("git", "-C", "origin.git", "show", "main:Dockerfile").out, f"FROM a:1@{digest}\n", "the file")
    check_equal((world.folder / "work/notes").read_text(), "not to be committed\n", "a change of the tree")
    check("staged" not in world.tool("git", "-C", "origin.git", "ls-tree", "--name-only", "main").lines, "only the pinned file")
