"""`run` and `load`: the release's very digest and config, in whatever runs containers here."""
import os
import pathlib
import shutil
import subprocess
import time

import bundles
from harness import check, check_equal
from projects import Project
from tools_test import PODMAN_LIMITS

SOURCE = """\
#include <stdio.h>
extern char** environ;
int main(int argc, char** argv) {
  for (char** entry = environ; *entry; ++entry) printf("%s\\n", *entry);
  for (int i = 1; i < argc; ++i) printf("arg %s\\n", argv[i]);
  return argc == 3 ? 7 : 0;
}
"""
SOMEONE = dict(user=65534, group=65534, extra_groups=[]) if os.getuid() == 0 else {}
CONFIG = {"GREETING": "hello from production", "ODD": "\"quoted\" $HOME # 'kept' \\", "EMPTY": "", "PATH": "/only/here"}


def shipped(world, **places):
    """A project whose program prints its environment, released to production; and that image's digest."""
    project = Project(world, **places)
    world.write("app.c", SOURCE)
    world.tool("cc", "-static", "-O1", "-s", "app.c", "-o", project.folder / "build/amd64/app")
    world.write("project/deploy/production.env", "".join(f"{key}={value}\n" for key, value in CONFIG.items()))
    digest = project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    world.write("project/deploy/production.env", "GREETING=not released\n")
    return project, digest


def check_said(ended, more=()):
    """The program's whole environment is the release's, but for what every runner adds."""
    lines = [line for line in ended.out.splitlines() if not line.startswith("arg ")]
    got = dict(line.split("=", 1) for line in lines)
    for key in ("HOME", "HOSTNAME", "PWD", "container", "TERM"):
        got.pop(key, None)
    check_equal(got, CONFIG, f"the environment of\n{ended}\n")
    check_equal([line for line in ended.out.splitlines() if line.startswith("arg ")], [f"arg {word}" for word in more], "the arguments")


def stand_in(world, name, script):
    """A program of this name, found before every other."""
    path = world.write(f"bin/{name}", script, 0o755)
    if not world.env["PATH"].startswith(str(path.parent)):
        world.env["PATH"] = f"{path.parent}:{world.env['PATH']}"


def oci_runtimes(world):
    """The runtimes that start here, by the names `--runner` has; one that needs help to start is given it."""
    found = bundles.runtimes(world)
    for name in found:
        real = shutil.which(name)
        if len(bundles._START[name]) > 1:
            stand_in(world, name, "#!/bin/sh\nexec unshare -m sh -c 'umount /sys/fs/cgroup/unified && "
                     f"exec {real} \"$@\"' {name} \"$@\"\n")
    return found


def test_an_unpacked_release_runs_in_an_oci_runtime(world):
    registry = world.registry()
    project, _ = shipped(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    for runner in oci_runtimes(world):
        check_said(project.slipway("run", "production", "--runner", runner))
        ended = project.slipway("run", "--runner", runner, "production", "--", "--flag", "a b", status=7)
        check_said(ended, ["--flag", "a b"])
    check_equal(sorted(path.name for path in world.folder.glob(".tmp-*")), [], "what is left behind")


def test_a_layouts_release_runs_too(world):
    project, _ = shipped(world)
    for runner in oci_runtimes(world):
        check_said(project.slipway("run", "production@v1", "--runner", runner))


def test_somebody_without_root_runs_it(world):
    project, _ = shipped(world)
    oci_runtimes(world)
    if not bundles.rootless_starts(world, SOMEONE):
        return
    world.tool("chmod", "-R", "a+rwX", world.folder)
    home = dict(HOME=str(world.folder), XDG_RUNTIME_DIR=str(world.folder), XDG_CACHE_HOME=str(world.folder / "cache"))
    check_said(project.slipway("run", "production", "--runner", "runc", env=home, **SOMEONE))


def bubblewrap_starts(world, user):
    """Whether bubblewrap starts a root folder that slipway had no part in, as this user."""
    root = bundles.trivial_root(world, f"trivial-bubblewrap-{len(user)}")
    world.tool("chmod", "-R", "a+rwX", world.folder)
    ended = world.tool("bwrap", "--unshare-user", "--unshare-pid", "--bind", root, "/", "--proc", "/proc", "/hello",
                       status=None, **user)
    if not bundles.is_trivial(ended):
        world.lacks("bubblewrap", ended.err.strip()[-160:])
    return bundles.is_trivial(ended)


def test_bubblewrap_runs_it_as_root_and_as_somebody(world):
    project, _ = shipped(world)
    for user in ({}, SOMEONE):
        if not bubblewrap_starts(world, user):
            continue
        world.tool("chmod", "-R", "a+rwX", world.folder)
        home = dict(HOME=str(world.folder), XDG_CACHE_HOME=str(world.folder / "cache"))
        check_said(project.slipway("run", "production", "--runner", "bubblewrap", env=home, **user))
        ended = project.slipway("run", "--runner", "bubblewrap", "production", "--", "--flag", "a b", status=7, env=home, **user)
        check_said(ended, ["--flag", "a b"])


WAITING = """\
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void end(int number) { (void)number; _exit(9); }
int main(void) {
  signal(SIGTERM, end);
  char place[4096];
  printf("%d %d %d %s %s\\n", getpid(), getuid(), getgid(), getcwd(place, sizeof place), getenv("GREETING"));
  fflush(stdout);
  for (;;) pause();
}
"""


def test_bubblewrap_passes_a_stop_on_and_hides_values(world):
    """The image's user, its folder and pid 1 inside; outside no value in any argument list; SIGTERM reaches the program."""
    if not bubblewrap_starts(world, {}):
        return
    project = Project(world)
    world.write("app.c", WAITING)
    world.tool("cc", "-static", "-O1", "-s", "app.c", "-o", project.folder / "build/amd64/app")
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text().replace("config: {entrypoint: [/usr/bin/app]}",
                                             'config: {entrypoint: [/usr/bin/app], user: "65532:1234", workdir: /srv/new}'))
    project.build()
    project.slipway("release", "staging")
    process = world.start("run", "staging", "--runner", "bubblewrap", cwd=project.folder, stdout=subprocess.PIPE)
    check_equal(process.stdout.readline().decode().split(" ", 4), ["1", "65532", "1234", "/srv/new", "hello from staging\n"],
                "what the program sees")
    lists = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    check(not any(b"hello from staging" in words for words in lists), "no value among the arguments of any process")
    process.terminate()
    check_equal(process.wait(20), 9, "the program's own status after SIGTERM")
    process.stdout.close()


def podman_env(world):
    """podman with storage of its own, told by its own variables."""
    storage = world.write("storage.conf", f'[storage]\ndriver = "vfs"\ngraphroot = "{world.folder}/graph"\nrunroot = "{world.folder}/run"\n')
    conf = world.write("containers.conf", '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n')
    policy = world.home / ".config/containers"
    policy.mkdir(parents=True)
    (policy / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return dict(CONTAINERS_STORAGE_CONF=str(storage), CONTAINERS_CONF=str(conf))


def test_podman_runs_it_from_a_registry_and_from_a_layout(world):
    if "runc" not in bundles.runtimes(world):
        world.note("podman is asked with runc only, which starts nothing here")
        return
    env = podman_env(world)
    limits = [word for limit in PODMAN_LIMITS for word in ("--runner-arg", limit)]
    registry = world.registry()
    project, digest = shipped(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    ended = project.slipway("run", "production", "--runner", "podman", *limits, "--", "a", "b", status=7, env=env)
    check_said(ended, ["a", "b"])
    known = world.tool("podman", "images", "--digests", "--format", "{{.Digest}}", env=env)
    check_equal(known.lines, [digest], "the digest that podman pulled")

    layout = Project(world)
    digest = layout.build()
    layout.slipway("release", "staging")
    loaded = layout.slipway("load", "staging", "--into", "podman", "--name", "localhost/hello:now", env=env)
    check_equal(loaded.out, f"localhost/hello:now@{digest}\n", "the result line")
    check("podman got" in loaded.err, f"to hear that it was new in\n{loaded}")
    again = layout.slipway("load", "staging", "--into", "podman", "--name", "localhost/hello:then", env=env)
    check("podman has" in again.err, f"to hear that it was there in\n{again}")
    names = world.tool("podman", "images", "--format", "{{.Repository}}:{{.Tag}}", env=env).lines
    check({"localhost/hello:now", "localhost/hello:then"} <= set(names), f"both names among {names}")


def containerd(world):
    """A containerd of this test's own; None where it does not start."""
    folder = world.folder / "containerd"
    folder.mkdir()
    socket = folder / "c.sock"
    config = world.write("containerd/config.toml", f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
                         f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n')
    log = open(folder / "log", "wb")
    process = subprocess.Popen(["containerd", "-c", str(config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                               env={"PATH": world.env["PATH"], "HOME": str(world.home)})

    def stop():
        process.terminate()
        process.wait(20)
        log.close()

    world.stack.callback(stop)
    env = dict(CONTAINERD_ADDRESS=str(socket))
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        if socket.exists() and world.tool("ctr", "version", env=env, status=None).status == 0:
            return env
        time.sleep(0.05)
    world.lacks("containerd", (folder / "log").read_text("utf-8", "replace")[-200:])
    return None


def test_containerd_runs_it(world):
    if os.getuid() != 0:
        world.lacks("containerd", "it needs root")
        return
    project, digest = shipped(world)
    env = containerd(world)
    if not env or not bundles.containerd_starts(world, env):
        return
    loaded = project.slipway("load", "production", "--into", "containerd", "--name", "localhost/hello:v1", env=env)
    check("containerd got" in loaded.err, f"to hear that it was new in\n{loaded}")
    check("containerd has" in project.slipway("load", "production", "--into", "containerd", "--name", "localhost/hello:v1",
                                              env=env).err, "to hear that it was there")
    listed = world.tool("ctr", "images", "list", "name==localhost/hello:v1", env=env).out
    check(digest in listed, f"containerd to have {digest}:\n{listed}")
    ended = project.slipway("run", "production", "--runner", "containerd", "--runner-arg", "--snapshotter", "--runner-arg", "native",
                            env=env)
    check_said(ended)


RECORDER = """#!/bin/sh
printf '%s\\n' "$0 $*" >> {log}
for word in "$@"; do
  if [ "$previous" = --env-file ]; then cat "$word" > {log}.env; stat -c %a "$word" > {log}.mode; fi
  previous=$word
done
exit {status}
"""


def test_docker_and_nerdctl_get_the_digest_and_a_private_env_file(world):
    registry = world.registry()
    project, digest = shipped(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    for runner in ("docker", "nerdctl"):
        log = world.folder / f"{runner}.log"
        stand_in(world, runner, RECORDER.format(log=log, status=42))
        project.slipway("run", "--runner", runner, "--runner-arg", "--memory=1g", "production", "--", "word", status=42)
        called = log.read_text().splitlines()[-1]
        check(called.endswith(f"--memory=1g {registry.host}/prod/hello@{digest} word"), f"a run by digest, not {called}")
        check("GREETING" not in called, "no value in the arguments")
        check_equal(pathlib.Path(f"{log}.env").read_text(), "".join(f"{k}={v}\n" for k, v in sorted(CONFIG.items())), "the env file")
        check_equal(pathlib.Path(f"{log}.mode").read_text(), "600\n", "its mode")


def test_what_fails_before_the_start_is_125(world):
    project, _ = shipped(world)
    for words in (["nowhere"], ["production@v9"], ["production", "--runner", "nothing"], ["--no-such-flag", "production"]):
        ended = project.slipway("run", *words, status=125)
        check(ended.err and not ended.out, f"an error alone in\n{ended}")
    empty = world.folder / "nothing"
    empty.mkdir()
    ended = project.slipway("run", "production", status=125, env=dict(PATH=str(empty)))
    check("podman" in ended.err and "crun" in ended.err, f"what was looked for in\n{ended}")
