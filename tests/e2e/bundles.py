"""OCI runtimes: which one this machine lets start, and running an image with it."""
import json
import os
import shutil

from harness import check

_FOUND = {}


def _run(world, runtime, bundle, args=(), env=()):
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] += list(args)
    config["process"].setdefault("env", []).extend(env)
    path.write_text(json.dumps(config))
    return world.tool(runtime, "run", "-b", bundle, f"slipway-{os.getpid()}-{bundle.name}", status=None, timeout=60)


def runtime(world):
    """The first runtime that starts a bundle slipway had no part in; None, with a note, where none does."""
    if "name" not in _FOUND:
        bundle = world.folder / "trivial"
        (bundle / "rootfs").mkdir(parents=True)
        shutil.copy(world.static_program("trivial"), bundle / "rootfs/hello")
        _FOUND["name"] = None
        for name in ("crun", "runc"):
            if not shutil.which(name):
                continue
            (bundle / "config.json").unlink(missing_ok=True)
            world.tool(name, "spec", cwd=bundle)
            config = json.loads((bundle / "config.json").read_text())
            config["process"]["args"] = ["/hello"]
            (bundle / "config.json").write_text(json.dumps(config))
            ended = _run(world, name, bundle)
            if ended.status == 0 and ended.out == "trivial\n":
                _FOUND["name"] = name
                break
            _FOUND["why"] = f"{name}: {ended.err.strip()[-160:]}"
    if _FOUND["name"] is None:
        world.note(f"images are unpacked but not started: no runtime starts a trivial bundle here ({_FOUND.get('why')})")
    return _FOUND["name"]


def unpack(world, layout, tag):
    """umoci's bundle of an image."""
    bundle = world.folder / f"bundle-{len(list(world.folder.glob('bundle-*')))}"
    rootless = [] if os.getuid() == 0 else ["--rootless"]
    world.tool("umoci", "unpack", *rootless, "--image", f"{layout}:{tag}", bundle)
    check((bundle / "config.json").exists(), "umoci to write config.json")
    return bundle


def run(world, layout, tag, args=(), env=()):
    """Runs an image; its Ended, or None where this machine starts no container."""
    bundle = unpack(world, layout, tag)
    name = runtime(world)
    return _run(world, name, bundle, args, env) if name else None
