"""`pin` over a folder of everything, digests from a real registry, kept in a lock."""
import json
import subprocess

from harness import check, check_equal

FILES = {
    "k8s/app.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: HOST/a:1 # app\n",
    "k8s/kustomization.yaml": "images:\n- name: HOST/b\n  newTag: '2'\n",
    "chart/values.yaml": "image:\n  repository: HOST/a\n  tag: 1\n  pullPolicy: Always\n",
    "chart/templates/app.yaml": "image: {{ .Values.image.repository }}\n",
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
        found["chart/values.yaml"] = found["chart/values.yaml"].replace("tag: 1\n", f"tag: 1\n  digest: {digests['a:1']}\n")
        return found

    checked = world.slipway("pin", "--check", "deploy", status=10)
    check_equal(read(), before, "the files after --check")
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
    world.write("deploy/Dockerfile", f"FROM {registry.host}/gone:1\nFROM {registry.host}/gone:2\n")
    ended = world.slipway("pin", "deploy", status=13)
    check("gone:1" in ended.err and "gone:2" in ended.err, f"both at once in\n{ended}")
