"""OCI runtimes: which of them this machine lets start, and running an image with those."""
import json
import os
import shutil

from harness import check, check_equal

# crun refuses a machine with both kinds of cgroups: there it is started where the second kind is out of sight.
_HYBRID = os.path.ismount("/sys/fs/cgroup/unified") and os.getuid() == 0
_START = {"runc": ["runc"],
          "crun": ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec crun "$@"', "crun"] if _HYBRID else ["crun"]}
_FOUND = {}


def _run(world, runtime, bundle, args=(), env=()):
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] += list(args)
    config["process"].setdefault("env", []).extend(env)
    path.write_text(json.dumps(config))
    return world.tool(*_START[runtime], "run", "-b", bundle, f"slipway-{os.getpid()}-{runtime}-{bundle.name}", status=None,
                      timeout=60)


def trivial_root(world, name):
    """A root folder with one static program, /hello, that prints "trivial"; slipway has no part in it."""
    root = world.folder / name / "rootfs"
    root.mkdir(parents=True)
    shutil.copy(world.static_program("trivial"), root / "hello")
    return root


def is_trivial(ended):
    """Whether a container of trivial_root ran."""
    return (ended.status, ended.out) == (0, "trivial\n")


def _starts(world, runtime):
    """Whether a runtime starts a bundle that slipway had no part in."""
    bundle = trivial_root(world, f"trivial-{runtime}").parent
    world.tool(runtime, "spec", cwd=bundle)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["args"] = ["/hello"]
    (bundle / "config.json").write_text(json.dumps(config))
    ended = _run(world, runtime, bundle)
    if not is_trivial(ended):
        world.lacks(runtime, ended.err.strip()[-160:])
    return is_trivial(ended)


def runtimes(world):
    """The runtimes that this machine lets start; both must be installed."""
    if "names" not in _FOUND:
        _FOUND["names"] = [name for name in _START if _starts(world, name)]
    if not _FOUND["names"]:
        world.note("images are unpacked but not started: no runtime starts even a trivial bundle here")
    return _FOUND["names"]


def rootless_starts(world, identity):
    """Whether runc starts a trivial bundle for a user without root; `identity` is subprocess's user, group, extra_groups."""
    bundle = trivial_root(world, "trivial-rootless").parent
    world.tool("chmod", "-R", "a+rwX", bundle)
    env = dict(HOME=str(bundle), XDG_RUNTIME_DIR=str(bundle))
    world.tool("runc", "spec", "--rootless", cwd=bundle, env=env, **identity)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["args"], config["process"]["terminal"] = ["/hello"], False
    (bundle / "config.json").write_text(json.dumps(config))
    ended = world.tool("runc", "--root", bundle / "state", "run", "-b", bundle, "slipway-trivial", status=None, timeout=60,
                       env=env, **identity)
    if not is_trivial(ended):
        world.lacks("rootless", ended.err.strip()[-160:])
    return is_trivial(ended)


def containerd_starts(world, env):
    """Whether containerd starts a trivial image that slipway had no part in."""
    trivial_root(world, "trivial-containerd")
    place = world.folder / "trivial-containerd"
    world.tool("umoci", "init", "--layout", place / "image")
    world.tool("umoci", "new", "--image", f"{place}/image:v1")
    world.tool("umoci", "insert", "--image", f"{place}/image:v1", place / "rootfs", "/")
    world.tool("umoci", "config", "--image", f"{place}/image:v1", "--config.entrypoint", "/hello", "--config.cmd", "")
    world.tool("tar", "-C", place / "image", "-cf", place / "image.tar", ".")
    world.tool("ctr", "images", "import", "--snapshotter", "native", "--base-name", "localhost/trivial", place / "image.tar", env=env)
    ended = world.tool("ctr", "run", "--rm", "--snapshotter", "native", "localhost/trivial:v1", "trivial", "/hello", env=env,
                       status=None)
    if not is_trivial(ended):
        world.lacks("containerd", f"{ended.out.strip()[-80:]} {ended.err.strip()[-160:]}")
    return is_trivial(ended)


def unpack(world, layout, tag):
    """umoci's bundle of an image."""
    bundle = world.folder / f"bundle-{len(list(world.folder.glob('bundle-*')))}"
    rootless = [] if os.getuid() == 0 else ["--rootless"]
    world.tool("umoci", "unpack", *rootless, "--image", f"{layout}:{tag}", bundle)
    check((bundle / "config.json").exists(), "umoci to write config.json")
    return bundle


def run(world, layout, tag, args=(), env=()):
    """Runs an image in every runtime, which must agree; its Ended, or None where this machine starts no container."""
    ended = None
    for name in runtimes(world):
        before, ended = ended, _run(world, name, unpack(world, layout, tag), args, env)
        if before:
            check_equal((ended.status, ended.out), (before.status, before.out), f"what {name} made of it\n{ended}\n")
    return ended
