"""`drift`: the ledger against the registry's tag, files and what a cluster says it runs."""
import json

from harness import check, check_equal
from projects import Project


def pod(name, image, image_id):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": image}]},
            "status": {"containerStatuses": [{"name": "app", "image": image, "imageID": image_id}]}}


def write_pods(world, *pods):
    return world.write("project/pods.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))


def test_what_was_moved_is_named(world):
    registry = world.registry()
    place = f"{registry.host}/prod/hello"
    project = Project(world, repository=f"{registry.host}/team/hello", production=place)
    first = project.ship("first")
    second = project.ship("second")
    project._write("deploy/kubernetes.yaml", (project.folder / "deploy/kubernetes.yaml").read_text()
                   .replace("registry.example.com/team/hello", f"{registry.host}/team/hello"))
    ended = project.slipway("drift", "production", "--files", "deploy", status=10)
    check(len(ended.lines) == 1 and "deploy/kubernetes.yaml:" in ended.out and "v2, released by e2e" in ended.out,
          f"the unpinned file in\n{ended}")
    project.slipway("pin", "--env", "production", "deploy")
    check_equal(project.slipway("drift", "production", "--files", "deploy").out, "", "no difference")

    config = json.loads(world.tool("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{place}@{second}").out)["config"]["digest"]
    write_pods(world, pod("a", f"{place}:x", f"{place}@{second}"), pod("b", "mirror.example.com/y", f"docker-pullable://mirror.example.com/y@{second}"),
               pod("c", f"{place}:x", config), pod("d", "nginx:1", "docker.io/library/nginx@sha256:" + "0" * 64))
    check_equal(project.slipway("drift", "production", "--pods", "pods.json").out, "", "no difference")
    write_pods(world, pod("a", f"{place}:x", f"{place}@{first}"), pod("b", f"{place}:x", "sha256:" + "1" * 64))
    ended = project.slipway("drift", "production", "--pods", "pods.json", "-o", "json", status=10)
    rows = ended.document["differences"]
    check_equal([row["what"] for row in rows], ["pod", "pod"], "the differences")
    check("shop/a app runs v1, released by e2e, not v2" in rows[0]["message"], f"the older release in {rows[0]}")

    world.tool("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{place}@{first}", f"docker://{place}:production")
    ended = project.slipway("drift", "production", "--pods", "pods.json", status=10)
    check_equal([line.split(":")[0] for line in ended.lines], ["tag", "pod", "pod"], "everything that differs")


def test_nothing_to_compare_is_a_difference(world):
    """A swapped image, a file without the app and a cluster without it: green would say what nobody looked at."""
    project = Project(world)
    project.ship("first")
    foreign = "spec: {containers: [{name: app, image: 'ghcr.io/evil/other:1@sha256:" + "0" * 64 + "'}]}\n"
    project._write("swapped/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n" + foreign)
    project._write("empty/README", "nothing here\n")
    for folder in ("swapped", "empty"):
        ended = project.slipway("drift", "production", "--files", folder, status=10)
        check_equal(ended.out, f"file: no image reference in {folder} is one of hello\n", "what is missing")
    write_pods(world, pod("d", "nginx:1", "docker.io/library/nginx@sha256:" + "0" * 64))
    ended = project.slipway("drift", "production", "--pods", "pods.json", status=10)
    check_equal(ended.out, "pod: none of the 1 containers runs hello\n", "what does not run")
    check("everything is as released" not in ended.err, f"no all-clear in\n{ended}")


def test_all_that_cannot_be_read_is_reported_together(world):
    project = Project(world)
    project.ship("first")
    world.write("project/pods.json", "{}")
    ended = project.slipway("drift", "production", "--pods", "pods.json", "--files", "nothing.yaml", status=1)
    check("pods.json" in ended.err and "nothing.yaml" in ended.err, f"both in\n{ended}")
    project.slipway("drift", "production", "--pods", "a", "--kubeconfig", "b", status=2)
    project.slipway("drift", "nowhere", status=2)
    world.write("project/kubeconfig", "apiVersion: v1\nkind: Config\n")
    ended = project.slipway("drift", "production", "--kubeconfig", "kubeconfig", status=1)
    check("kubectl" in ended.err, f"kubectl's own words in\n{ended}")
