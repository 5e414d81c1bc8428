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
    world.write("deploy/k8s/app.yaml", before["k8s/app.yaml"])
    ended = world.slipway("pin", "deploy/k8s", "nothing.yaml", status=13)
    check("nothing.yaml" in ended.err, f"the missing file in\n{ended}")
    check_equal(ended.lines, ["deploy/k8s/app.yaml"], "what is pinned beside the missing file")
    gone = f"FROM {registry.host}/gone:1\nFROM {registry.host}/gone:2\n"
    world.write("deploy/Dockerfile", gone)
    world.write("deploy/k8s/app.yaml", before["k8s/app.yaml"])
    ended = world.slipway("pin", "--atomic", "deploy", status=13)
    check("gone:1" in ended.err and "gone:2" in ended.err, f"both at once in\n{ended}")
    check_equal(read()["k8s/app.yaml"], before["k8s/app.yaml"], "a file that --atomic kept")
    check_equal(world.slipway("pin", "deploy", status=13).lines, ["deploy/k8s/app.yaml"], "what is pinned all the same")
    check_equal(read()["Dockerfile"], gone, "the file whose images are gone")


PROJECT = """\
app: shop
image:
  repository: HOST/shop
  platforms: [linux/amd64]
  base: scratch
  layers: [{name: app, files: [{from: file, to: /file}]}]
pin:
  update: {HOST/app: "semver ~1.0", "*": same}
"""


def test_updates_keep_to_policies_and_say_what_they_mean(world):
    registry = world.registry()

    def push(name, text):
        world.write("file", text)
        return world.slipway("build", "--base", "scratch", "--add", "file:/file", "--platform", "linux/amd64", "--label",
                             f"org.opencontainers.image.version={text}", "--to", f"{registry.host}/{name}").digest

    first, second, side = push("app:1.0.1", "one"), push("app:1.0.2", "two"), push("side:nightly-20261101", "old")
    push("app:1.1.0", "out of range")
    newest = push("side:nightly-20261128", "new")
    world.write("slipway.yaml", PROJECT.replace("HOST", registry.host))
    before = (f"FROM {registry.host}/app:1.0.1@{first} AS a\n# slipway: date nightly-(\\d+)\n"
              f"FROM {registry.host}/side:nightly-20261101@{side}\n")
    world.write("Dockerfile", before)
    check_equal(world.slipway("pin", "--check", "Dockerfile").out, "", "nothing moves without --update")
    document = json.loads(world.slipway("pin", "--check", "--update", "*", "-o", "json", "Dockerfile", status=10).out)
    moved = [{key: change.get(key) for key in ("digestBefore", "digestAfter", "policy")} for change in document["files"][0]["changes"]]
    check_equal(moved, [{"digestBefore": first, "digestAfter": second, "policy": "semver ~1.0"},
                        {"digestBefore": side, "digestAfter": newest, "policy": "date nightly-(\\d+)"}], "the evidence of what moved")
    ended = world.slipway("pin", "--update", "*", "--lock", "images.lock", "--explain", "Dockerfile")
    for line in (f"| digest | {first} | {second} |", "| version | one | two |", "| layers | 1 | 1, 0 of them shared |",
                 "Update policy: semver ~1.0", "Named in Dockerfile:1"):
        check(line in ended.out, f"{line!r} in\n{ended.out}")
    check_equal((world.folder / "Dockerfile").read_text(),
                before.replace(f"1.0.1@{first}", f"1.0.2@{second}").replace(f"20261101@{side}", f"20261128@{newest}"), "the file")
    check_equal(world.slipway("pin", "--update", "*", "--lock", "images.lock", "Dockerfile").out, "", "the second time")
    world.write("slipway.yaml", PROJECT.replace("HOST", registry.host).replace("semver ~1.0", "latest"))
    ended = world.slipway("pin", "--update", "*", "Dockerfile", status=2)
    check("slipway.yaml:8:" in ended.err and "not an update policy" in ended.err, f"the place in\n{ended}")


def test_the_newest_image_is_the_one_created_last(world):
    registry = world.registry()

    def push(tag, created):
        world.write("file", tag)
        label = ["--label", f"org.opencontainers.image.created={created}"] if created else []
        return world.slipway("build", "--base", "scratch", "--add", "file:/file", "--platform", "linux/amd64", *label,
                             "--to", f"{registry.host}/app:{tag}").digest

    first = push("main-c", "2026-11-02T00:00:00Z")
    newest = push("main-a", "2026-11-03T01:00:00+02:00")
    for tag, created in (("main-b", "2026-11-01T00:00:00Z"), ("main-z", None), ("side", "2026-11-09T00:00:00Z")):
        push(tag, created)
    world.write("slipway.yaml", f"app: a\npin:\n  exclude: [old/**]\n  formats: {{dockerfile: ['*.docker']}}\n"
                                f"  update: {{{registry.host}/app: {{newest: main-.*}}}}\n")
    for name in ("d/a.docker", "d/old/Dockerfile"):
        world.write(name, f"FROM {registry.host}/app:main-c@{first}\n")
    check_equal(world.slipway("pin", "--format", "dockerfile=a.docker", "--update", "*", "d/a.docker", "d").lines, ["d/a.docker"], "the files")
    check_equal((world.folder / "d/a.docker").read_text(), f"FROM {registry.host}/app:main-a@{newest}\n", "the newest image")
    world.write("b.docker", f"FROM {registry.host}/app:main-z\n")
    world.slipway("pin", "--update", "*", "b.docker")
    check("app:main-z@" in (world.folder / "b.docker").read_text(), "an image without a time stays")


def test_notes_with_one_reason_are_one_line(world):
    for number in range(7):
        world.write(f"chart/templates/{number}.yaml", "apiVersion: v1\n{{ if .Values.x }}\nkind: Pod\n{{ end }}\n")
    grouped = [line for line in world.slipway("pin", "--check", "chart").err.splitlines() if "templates" in line]
    check_equal(len(grouped), 1, f"the line for seven templates in {grouped}")
    check("7 references or files in 7 files" in grouped[0] and "chart/templates/0.yaml:" in grouped[0], grouped[0])
    listed = [line for line in world.slipway("pin", "--check", "--verbose", "chart").err.splitlines() if "templates" in line]
    check_equal(len(listed), 7, "the lines with --verbose")


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


def test_failures_of_several_kinds_are_one_and_the_rest_is_pinned(world):
    digest = "sha256:" + "a" * 64
    world.write("images.lock", json.dumps({"schema": "slipway/v1/lock", "images": {"docker.io/library/a:1": digest}}))
    world.write("d/Dockerfile", "FROM a:1\n")
    world.write("d/broken.yaml", "kind: Pod\nkind: Pod\n")
    world.write("d/wide.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'a:1'}]}\n".encode("utf-16"))
    pin = ("pin", "--lock", "images.lock")
    ended = world.slipway(*pin, "d", status=2)
    check("broken.yaml:2:1" in ended.err and "wide.yaml is written in UTF-16" in ended.err, f"both files in\n{ended}")
    check_equal((world.folder / "d/Dockerfile").read_text(), f"FROM a:1@{digest}\n", "what is pinned all the same")
    world.slipway(*pin, "d", "nothing.yaml", status=1)
    world.write("d/unknown.yaml", "web: {image: 'a:1'}\n")
    world.slipway(*pin, "--strict", "d/Dockerfile")
    world.slipway(*pin, "--strict", "d/Dockerfile", "d/unknown.yaml", status=10)


def test_standard_input_goes_to_standard_output(world):
    digest = "sha256:" + "a" * 64
    world.write("images.lock", json.dumps({"schema": "slipway/v1/lock", "images": {"docker.io/library/a:1": digest}}))
    ended = world.slipway("pin", "--lock", "images.lock", "--format", "dockerfile=-", "-", input=b"FROM a:1\n")
    check_equal(ended.out, f"FROM a:1@{digest}\n", "the pinned text")
    world.slipway("pin", "-", "compose.yaml", status=2, input=b"")


DIGEST = "sha256:" + "a" * 64
GIT = dict(GIT_AUTHOR_NAME="Ann", GIT_AUTHOR_EMAIL="ann@example.com", GIT_COMMITTER_NAME="Bot",
           GIT_COMMITTER_EMAIL="bot@example.com")


def git(world, folder, *words):
    return world.tool("git", "-C", folder, *words, env=GIT).out.strip()


def make_clones(world):
    """A bare repository, and two clones of it: work and other."""
    world.write("images.lock", json.dumps({"schema": "slipway/v1/lock", "images": {"docker.io/library/a:1": DIGEST}}))
    world.tool("git", "init", "-q", "--bare", "-b", "main", "origin.git")
    world.tool("git", "clone", "-q", "origin.git", "work")
    world.write("work/Dockerfile", "FROM a:1\n")
    world.write("work/notes", "first\n")
    git(world, "work", "add", "-A")
    git(world, "work", "commit", "-qm", "first")
    git(world, "work", "push", "-q", "origin", "HEAD:main")
    world.tool("git", "clone", "-q", "origin.git", "other")


def push_of_another(world, name, text):
    world.write(f"other/{name}", text)
    git(world, "other", "add", "-A")
    git(world, "other", "commit", "-qm", "theirs")
    git(world, "other", "push", "-q", "origin", "HEAD:main")


def change_the_tree(world):
    """Changes that are not pin's; their state as git sees it."""
    world.write("work/notes", "not to be committed\n")
    world.write("work/staged", "nor this\n")
    world.write("work/new", "nor that\n")
    git(world, "work", "add", "staged")
    return ["A  staged", " M notes", "?? new"]


def tree_state(world):
    return sorted(world.tool("git", "-C", "work", "status", "--porcelain").lines)


def pin_and_push(world, *words, **kwargs):
    return world.slipway("pin", "--lock", "images.lock", "--commit", "--push", *words, "work/Dockerfile", env=GIT, **kwargs)


def test_a_commit_has_the_pinned_files_alone_on_top_of_what_others_pushed(world):
    make_clones(world)
    push_of_another(world, "theirs", "x\n")
    state = change_the_tree(world)
    pin_and_push(world)
    check_equal(git(world, "origin.git", "log", "--format=%s|%an <%ae>|%cn", "main").splitlines(),
                ["Pin 1 image reference|Ann <ann@example.com>|Bot", "theirs|Ann <ann@example.com>|Bot",
                 "first|Ann <ann@example.com>|Bot"], "the history that was pushed")
    check_equal(git(world, "origin.git", "log", "-1", "--format=%b", "main").strip(),
                f"work/Dockerfile:1: a:1 -> a:1@{DIGEST}", "the message")
    check_equal(git(world, "origin.git", "show", "--name-only", "--format=", "main"), "Dockerfile", "the files of the commit")
    check_equal(git(world, "origin.git", "show", "main:Dockerfile"), f"FROM a:1@{DIGEST}", "the file")
    check_equal(tree_state(world), sorted(state), "the other changes of the tree, staged and not")
    check_equal((world.folder / "work/notes").read_text(), "not to be committed\n", "a change of the tree")


def test_a_push_over_a_change_of_the_same_lines_is_refused(world):
    make_clones(world)
    push_of_another(world, "Dockerfile", "FROM a:2\n")
    state = change_the_tree(world)
    ended = pin_and_push(world, status=16)
    check("same lines" in ended.err, f"why in\n{ended}")
    check_equal(git(world, "origin.git", "log", "--format=%s", "main").splitlines(), ["theirs", "first"], "origin")
    check_equal(tree_state(world), sorted(state), "the other changes of the tree")
    check_equal(git(world, "work", "log", "-1", "--format=%s"), "Pin 1 image reference", "the local commit")
    check(not (world.folder / "work/.git/rebase-merge").exists(), "no rebase under way")


def test_a_branch_is_pushed_with_the_address_of_its_pull_request(world):
    make_clones(world)
    origin = world.folder / "origin.git"
    git(world, "work", "remote", "set-url", "origin", "https://git.example.com/team/app.git")
    git(world, "work", "config", f"url.{origin}.pushInsteadOf", "https://git.example.com/team/app.git")
    state = change_the_tree(world)
    ended = pin_and_push(world, "--branch", "pins")
    check("https://git.example.com/team/app/compare/pins?expand=1" in ended.err, f"the address in\n{ended}")
    check_equal(git(world, "origin.git", "log", "--format=%s", "pins").splitlines(), ["Pin 1 image reference", "first"], "the branch")
    check_equal(git(world, "origin.git", "log", "--format=%s", "main"), "first", "main stays")
    check_equal(tree_state(world), sorted(state), "the other changes of the tree")
    check_equal(git(world, "work", "symbolic-ref", "--short", "HEAD"), "pins", "the current branch")
    pin_and_push(world, "--branch", "pins")


def test_what_cannot_be_committed_alone_is_refused_before_anything_is_written(world):
    make_clones(world)
    world.write("work/new/Dockerfile", "FROM a:1\n")
    commits = git(world, "work", "rev-list", "--all")

    def refuse(status, why, *words, file="work/Dockerfile"):
        before = (world.folder / file).read_text()
        ended = world.slipway("pin", "--lock", "images.lock", "--commit", *words, file, env=GIT, status=status)
        check(why in ended.err, f"{why!r} in\n{ended}")
        check_equal((world.folder / file).read_text(), before, f"the file: {why}")
        check_equal(git(world, "work", "rev-list", "--all"), commits, f"the commits: {why}")

    refuse(2, "did not match any file", file="work/new/Dockerfile")
    git(world, "work", "branch", "old")
    refuse(16, "the branch old exists already", "--branch", "old")
    git(world, "work", "checkout", "-q", "--detach")
    refuse(2, "HEAD is not on a branch", "--push")
    git(world, "work", "checkout", "-q", "-")
    for staged in (False, True):
        world.write("work/Dockerfile", "FROM a:1\n# mine\n")
        if staged:
            git(world, "work", "add", "Dockerfile")
        refuse(16, "Dockerfile has other changes")
    git(world, "work", "checkout", "-q", "HEAD", "Dockerfile")
    world.write("work/.git/hooks/pre-commit", "#!/bin/sh\necho no pins on Sundays >&2\nexit 1\n", mode=0o755)
    ended = world.slipway("pin", "--lock", "images.lock", "--commit", "work/Dockerfile", env=GIT, status=1)
    check("no pins on Sundays" in ended.err, f"what the hook said in\n{ended}")
