"""Docker's engine takes what slipway makes: loads, pulls, unpacks and runs it, and reads its env files."""
import json

from base_test import OUTPUT, debian_like_base
from dockerd import Dockerd
from harness import check, check_equal, layout_tags
from layers_test import build, fill, layer_of, snapshot
from running_test import CONFIG, NASTY, compiled_project, nasty_project

# Files that docker adds to every container by itself.
OF_DOCKER = {".dockerenv", "dev", "dev/console", "dev/pts", "dev/shm", "etc", "etc/hostname", "etc/hosts", "etc/mtab",
             "etc/resolv.conf", "proc", "sys"}


def test_docker_unpacks_the_same_as_tar(world):
    fill(world)
    build(world)
    (world.folder / "gnu").mkdir()
    world.tool("tar", "-xpzf", layer_of(world, world.folder / "out"), "-C", world.folder / "gnu")
    world.slipway("copy", "oci:out:v1", "docker-archive:out.tar:example.com/tree:v1")
    (world.folder / "docker").mkdir()
    with Dockerd(world) as engine:
        loaded = engine.docker("load", "-i", world.folder / "out.tar")
        check("example.com/tree:v1" in loaded.out, f"the name in\n{loaded}")
        engine.export("example.com/tree:v1", world.folder / "exported.tar")
    world.tool("tar", "-xpf", world.folder / "exported.tar", "-C", world.folder / "docker")
    wanted, got = snapshot(world.folder / "gnu", python=True), snapshot(world.folder / "docker", python=True)
    for path in (wanted.keys() | got.keys()) - OF_DOCKER:
        check_equal(got.get(path), wanted.get(path), f"{path} as docker unpacks it")


def test_an_image_over_a_usrmerged_base_runs_in_docker(world):
    registry = world.registry()
    debian_like_base(world, "base")
    place = f"{registry.host}/team/app:v1"
    built = world.slipway("build", "--base", "oci:base:12", "--add", "libx.so:/lib/libx.so", "--add", "p:/bin/p:0755",
                          "--entrypoint", "/bin/p", "--env", "LD_LIBRARY_PATH=/lib", "--to", place)
    with Dockerd(world) as engine:
        pulled = engine.docker("pull", f"{registry.host}/team/app@{built.digest}")
        check(built.digest in pulled.out, f"the digest in\n{pulled}")
        ran = engine.docker("run", "--rm", "--network", "none", f"{registry.host}/team/app@{built.digest}")
        check_equal(ran.out, OUTPUT, "what the container said")


def test_production_runs_in_docker(world):
    project = compiled_project(world)
    digest = project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    check_equal(layout_tags(project.folder / "images")["production"], digest, "the production image")
    with Dockerd(world) as engine:
        for _ in range(2):
            ran = project.slipway("run", "production", "--runner", "docker", "--runner-arg", "--network=none", env=engine.env)
            check_equal(ran.out, CONFIG, "what the program saw")
        project.slipway("load", "production", "--into", "docker", "--name", "localhost/hello:now", env=engine.env)
        again = project.slipway("load", "production", "--into", "docker", "--name", "localhost/hello:then", env=engine.env)
        check("docker has" in again.err, f"that docker has the image, in\n{again}")
        names = engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").lines
        check({"localhost/hello:now", "localhost/hello:then"} <= set(names), f"both names among {names}")


def test_docker_reads_its_dialect(world):
    project = nasty_project(world)
    path = world.write("nasty.env", project.slipway("env", "staging", "--format", "docker").out)
    with Dockerd(world) as engine:
        project.slipway("load", "staging", "--into", "docker", "--name", "localhost/nasty:v1", env=engine.env)
        engine.docker("create", "--network", "none", "--env-file", path, "--name", "nasty", "localhost/nasty:v1", "none")
        found = json.loads(engine.docker("inspect", "-f", "{{json .Config.Env}}", "nasty").out)
    values = dict(item.split("=", 1) for item in found)
    check_equal({key: values.get(key) for key in NASTY}, NASTY, "what docker reads")
