"""The end of the road: the production image and its config, run by what runs them."""
import glob

import bundles
from harness import check, check_equal, layout_tags
from projects import KUBERNETES, Project
from tools_test import PODMAN_LIMITS, podman

SOURCE = """\
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  const char* names[] = {"GREETING", "ODD", "PORT"};
  for (int i = 0; i < 3; ++i) printf("%s=%s\\n", names[i], getenv(names[i]) ? getenv(names[i]) : "(none)");
}
"""
CONFIG = "GREETING=hello from production\nODD=\"quoted\" $HOME # not a comment = kept \\\nPORT=8080\n"


def compiled_project(world, **places):
    project = Project(world, **places)
    world.write("app.c", SOURCE)
    world.tool("cc", "-static", "-O1", "-s", "app.c", "-o", project.folder / "build/amd64/app")
    world.write("project/deploy/production.env", CONFIG)
    return project


def test_the_production_image_from_a_registry_runs(world):
    registry = world.registry()
    project = compiled_project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    digest = project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    world.tool("skopeo", "copy", "--src-tls-verify=false", f"docker://{registry.host}/prod/hello:production", "oci:pulled:v1")
    check_equal(layout_tags(world.folder / "pulled")["v1"], digest, "the digest that skopeo pulled")
    env = [line for line in project.slipway("env", "production").lines if line]
    check_equal("\n".join(env) + "\n", CONFIG, "the config of the release")
    ended = bundles.run(world, "pulled", "v1", env=env)
    if ended:
        check_equal((ended.status, ended.out), (0, CONFIG), f"the container, which said\n{ended}\n")


def test_podman_takes_the_env_file(world):
    project = compiled_project(world)
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    (world.folder / "production.env").write_text(project.slipway("env", "production", "--format", "podman").out)
    if "runc" not in bundles.runtimes(world):
        world.note("podman is asked with runc only; here the file is compared instead")
        check_equal((world.folder / "production.env").read_text(), CONFIG, "the env file")
        return
    ended = podman(world, "--runtime", "runc", "run", "--rm", *PODMAN_LIMITS, "--env-file", world.folder / "production.env",
                   f"oci:{project.folder}/images:production")
    check_equal(ended.out, CONFIG, f"what podman's container got, from\n{(world.folder / 'production.env').read_text()}")


def test_a_shell_takes_the_environment(world):
    project = compiled_project(world)
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    (world.folder / "production.sh").write_text(project.slipway("env", "production", "--format", "sh").out)
    for shell in ("sh", "bash"):
        ended = world.tool(shell, "-c", f'set -eu; . ./production.sh; exec "{project.folder}/build/amd64/app"')
        check_equal(ended.out, CONFIG, f"what {shell} gave to a program")
    document = project.slipway("env", "production", "--format", "json").document
    values = dict(line.split("=", 1) for line in CONFIG.splitlines())
    check(values.items() <= document.items() or values.items() <= document.get("values", {}).items(),
          f"the values in {document}")


NASTY = {"EMPTY": "", "SPACES": "  both ends  ", "TAB": "\ta\t", "SINGLE": "'quoted'", "DOUBLE": '"quoted"', "QUOTE": "it's",
         "HASH": "a#b #c", "DOLLAR": "$HOME ${HOME} $(id) $$", "BACKTICK": "`id`", "BACKSLASH": "a\\nb\\", "EQUALS": "a=b=c",
         "UNICODE": "gr\u00fc\u00df \U0001f600", "JSON": '{"a": [1]}', "GLOB": "* ? [a]", "SEMI": ";x&y|z", "PERCENT": "%h%%"}


def nasty_project(world):
    project = Project(world)
    project._write("deploy/staging.env", "".join(f"{key}={value}\n" for key, value in NASTY.items()))
    project.build()
    project.slipway("release", "staging")
    return project


def test_systemds_own_parser_takes_its_dialect(world):
    libraries = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so") + glob.glob("/usr/lib/systemd/libsystemd-shared-*.so")
    check(libraries, "systemd to be installed")
    path = world.write("nasty.env", nasty_project(world).slipway("env", "staging", "--format", "systemd").out)
    program = ("import ctypes, json, sys\n"
               "library = ctypes.CDLL(sys.argv[1])\n"
               "found = ctypes.POINTER(ctypes.c_char_p)()\n"
               "assert library.load_env_file(None, sys.argv[2].encode(), ctypes.byref(found)) >= 0\n"
               "pairs, at = {}, 0\n"
               "while found[at] is not None:\n"
               "    key, _, value = found[at].decode().partition('='); pairs[key] = value; at += 1\n"
               "print(json.dumps(pairs))\n")
    check_equal(world.tool("python3", "-c", program, libraries[0], path).document, NASTY, "what systemd reads")


def test_kubectl_takes_its_dialect(world):
    path = world.write("nasty.env", nasty_project(world).slipway("env", "staging", "--format", "kubectl").out)
    made = world.tool("kubectl", "create", "configmap", "nasty", f"--from-env-file={path}", "--dry-run=client", "-o", "json")
    check_equal(made.document["data"], NASTY, "what kubectl reads")


def knows_components(world):
    """Whether this kubectl's kustomize knows components (Debian 12's is older): asked with files that slipway has no part in."""
    world.write("trivial/base/kustomization.yaml", "resources: [map.yaml]\ncomponents: [../component]\n")
    world.write("trivial/base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: trivial}\ndata: {a: b}\n")
    world.write("trivial/component/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "commonLabels: {seen: trivial}\n")
    ended = world.tool("kubectl", "kustomize", "trivial/base", status=None)
    if ended.status != 0 or "seen: trivial" not in ended.out:
        world.lacks("kustomize", "the overlay is checked by the unit tests only")
    return ended.status == 0 and "seen: trivial" in ended.out


def complaints(world, folder):
    """What systemd says of hello.service, but for programs that are not on this machine."""
    checked = world.tool("systemd-analyze", "verify", "--man=no", "./hello.service", cwd=folder, status=None)
    said = [line for line in checked.err.splitlines() if line.startswith("hello.service") or "hello.service:" in line]
    return [line for line in said if "Command" not in line]


def test_exports_are_taken_by_their_readers(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    digest = project.ship("first")
    image = f"{registry.host}/prod/hello:hello.production-v1@{digest}"
    for name, files in (("kubernetes", ["hello.yaml"]), ("kustomize", ["config.yaml", "kustomization.yaml", "patch.yaml"]),
                        ("compose", ["compose.yaml"]), ("quadlet", ["hello.container", "hello.env"]),
                        ("systemd", ["hello.env", "hello.service"])):
        ended = project.slipway("export", "production", "--format", name, "--to", f"out/{name}")
        check_equal(ended.lines, [f"out/{name}/{file}" for file in files], "the files")
        before = {file: (project.folder / "out" / name / file).read_bytes() for file in files}
        project.slipway("export", "production", "--format", name, "--to", f"out/{name}")
        check_equal({file: (project.folder / "out" / name / file).read_bytes() for file in files}, before, "the files made again")
        project.slipway("pin", f"out/{name}", "--check", "--env", "production")
    project._write("base/deployment.yaml", KUBERNETES.replace("registry.example.com/team/hello", f"{registry.host}/team/hello"))
    project._write("base/kustomization.yaml", "resources: [deployment.yaml]\ncomponents: [../out/kustomize]\n")
    if knows_components(world):
        built = world.tool("kubectl", "kustomize", "base", cwd=project.folder)
        check(f"image: {image}" in built.out, f"kustomize to use the release's image in\n{built}")
        check("configMapRef" in built.out and "GREETING: hello from production" in built.out, f"the config in\n{built}")
    units = project.folder / "out/systemd"
    check_equal(complaints(world, units), [], "what systemd says of the unit")
    project._write("out/systemd/hello.service", (units / "hello.service").read_text() + "[Service]\nNoSuchKey=1\n")
    check(complaints(world, units), "systemd to complain of a key that it does not know")
