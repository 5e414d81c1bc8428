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


def _starts(world, runtime):
    """Whether a runtime starts a bundle that slipway had no part in; else it is noted why not."""
    bundle = world.folder / f"trivial-{runtime}"
    (bundle / "rootfs").mkdir(parents=True)
    shutil.copy(world.static_program("trivial"), bundle / "rootfs/hello")
    world.tool(runtime, "spec", cwd=bundle)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["args"] = ["/hello"]
    (bundle / "config.json").write_text(json.dumps(config))
    ended = _run(world, runtime, bundle)
    if (ended.status, ended.out) == (0, "trivial\n"):
        return True
    world.note(f"{runtime} starts no trivial bundle on this machine: {ended.err.strip()[-160:]}")
    return False


def runtimes(world):
    """The runtimes that this machine lets start; both must be installed."""
    if "names" not in _FOUND:
        _FOUND["names"] = [name for name in _START if _starts(world, name)]
    if not _FOUND["names"]:
        world.note("images are unpacked but not started: no runtime starts even a trivial bundle here")
    return _FOUND["names"]


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
