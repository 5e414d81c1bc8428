"""SIGKILL between any two writes leaves the old state or the new one, and the same command run again completes."""
import json
import random
import shutil
import signal
import socket
import time

from harness import ROOT, check, check_equal, check_layout
from projects import Project


class Killer:
    """Runs the program so that it dies before its Nth change of a file or a connection."""

    def __init__(self, world):
        self.world = world
        self.shim = world.folder / "shim.so"
        world.tool("cc", "-shared", "-fPIC", "-O1", "-o", self.shim, ROOT / "tests/e2e/kill_shim.c", "-ldl")
        self.count_file = world.folder / "count"

    def run(self, project, argv, at=0, **options):
        env = {"LD_PRELOAD": str(self.shim), "E2E_COUNT": str(self.count_file), "E2E_KILL_AT": str(at)}
        self.count_file.unlink(missing_ok=True)
        return project.slipway(*argv, env=env, status=None, **options)

    def steps(self, project, argv):
        """How many changes the whole command makes."""
        ended = self.run(project, argv)
        check_equal(ended.status, 0, f"the status of\n{ended}\n")
        return int.from_bytes(self.count_file.read_bytes()[:4], "little")


def check_registry(registry, repository):
    """What a registry's tags name is there, down to every platform."""
    for tag in registry.tags(repository):
        status, headers, body = registry.get(f"/v2/{repository}/manifests/{tag}", "application/vnd.oci.image.index.v1+json, "
                                             "application/vnd.oci.image.manifest.v1+json")
        check_equal(status, 200, f"the status of {repository}:{tag}")
        for child in json.loads(body).get("manifests", []):
            got = registry.get(f"/v2/{repository}/manifests/{child['digest']}", child["mediaType"])[0]
            check_equal(got, 200, f"the status of {child['digest']}, a platform of the tagged {repository}:{tag}")
    return {tag: registry.digest_of(repository, tag) for tag in registry.tags(repository)}


def copied(world, project, number):
    """The project as it is now, in a folder of its own."""
    twin = Project.__new__(Project)
    twin.__dict__.update(project.__dict__)
    twin.folder = world.folder / f"twin{number}"
    shutil.copytree(project.folder, twin.folder, symlinks=True)
    return twin


def kill_everywhere(world, project, argv, judge):
    """Kills `argv` before each of its steps, every time from the same start; `judge(twin)` looks at what is left."""
    killer = Killer(world)
    total = killer.steps(copied(world, project, "all"), argv)
    check(total >= 20, f"a good number of steps to die at, not {total}")
    killed = 0
    for at in range(1, total + 1):
        twin = copied(world, project, at)
        killed += killer.run(twin, argv, at).status == -signal.SIGKILL
        judge(twin, at)
        shutil.rmtree(twin.folder)
    check(killed >= total * 3 // 4, f"most of {total} runs to be killed, not {killed}")
    world.note(f"{argv[0]}: killed before each of {killed} steps")


def test_build_into_a_layout(world):
    project = Project(world, platforms=("amd64", "arm64"))
    first = project.build()
    project.edition("second")
    second = copied(world, project, "wanted").build()

    def judge(twin, at):
        tags = check_layout(twin.folder / "images")
        check(tags["latest"] in (first, second), f"the old or the new image at step {at}, not {tags['latest']}")
        check_equal(twin.build(), second, f"the build run again after step {at}")
        check_equal(check_layout(twin.folder / "images")["latest"], second, "the tag in the end")
        left = [path.name for path in (twin.folder / "images").rglob(".tmp*")]
        check(len(left) < 20, f"few files left behind, not {left}")

    kill_everywhere(world, project, ["build", "--push"], judge)


def judge_release(twin, at, environment, again, old, new, numbers):
    """Old or new after the kill; new after the same command again, with one entry for it and no second one."""
    images = twin.folder / "images"
    tags = check_layout(images)
    check_layout(twin.folder / "images-releases")
    check(tags.get(environment) in (old, new), f"the old or the new release at step {at}, not {tags.get(environment)}")
    before = [row["number"] for row in twin.history(environment)] if old or at else []
    check(before in (numbers[1:], numbers), f"{numbers[1:]} or {numbers} in the history at step {at}, not {before}")
    ended = twin.slipway(*again)
    check_equal(ended.digest, new, f"the command run again after step {at}")
    check_equal(check_layout(images)[environment], new, f"the tag after the second run, step {at}")
    check_equal([row["number"] for row in twin.history(environment)], numbers, f"the history in the end, step {at}")
    row = twin.status()[environment]
    check_equal((row["drift"], row["pending"]), (False, False), f"drift and pending in the end, step {at}")


def test_promote_on_layouts(world):
    project = Project(world, platforms=("amd64", "arm64"))
    first = project.ship("first")
    project.edition("second")
    second = project.build()
    project.slipway("release", "staging")
    argv = ["promote", "staging", "production"]
    kill_everywhere(world, project, argv,
                    lambda twin, at: judge_release(twin, at, "production", argv, first, second, [2, 1]))


def test_rollback_on_layouts(world):
    project = Project(world)
    first, second = project.ship("first"), project.ship("second")
    check(first != second, "two builds")
    argv = ["rollback", "production", "v1"]
    kill_everywhere(world, project, argv,
                    lambda twin, at: judge_release(twin, at, "production", argv, second, first, [3, 2, 1]))


def test_the_very_first_release(world):
    project = Project(world)
    digest = project.build()

    def judge(twin, at):
        images = twin.folder / "images"
        tags = check_layout(images)
        check(tags.get("staging") in (None, digest), "no tag or the new one")
        check_equal(twin.slipway("release", "staging").digest, digest, f"release run again after step {at}")
        check_equal([row["number"] for row in twin.history("staging")], [1], f"history after step {at}")

    kill_everywhere(world, project, ["release", "staging"], judge)


def test_push_to_a_registry(world):
    registry = world.registry()
    killer = Killer(world)
    project = Project(world, platforms=("amd64", "arm64"))
    place = lambda number: f"{registry.host}/kill{number}/hello:v1"
    total = killer.steps(project, ["build", "--to", place(0)])
    digest = registry.digest_of("kill0/hello", "v1")
    for at in range(1, total + 1):
        killer.run(project, ["build", "--to", place(at)], at)
        tags = check_registry(registry, f"kill{at}/hello")
        check(tags.get("v1") in (None, digest), f"no tag or the whole image at step {at}, not {tags}")
        check_equal(project.slipway("build", "--to", place(at)).digest, digest, f"the push run again after step {at}")
        check_equal(check_registry(registry, f"kill{at}/hello")["v1"], digest, "the tag in the end")
    world.note(f"build --to a registry: killed before each of {total} steps")


def test_promote_between_repositories_of_a_registry(world):
    registry = world.registry()
    killer = Killer(world)

    def start(number):
        shutil.rmtree(world.folder / "project", ignore_errors=True)
        return Project(world, repository=f"{registry.host}/k{number}/hello", production=f"{registry.host}/p{number}/hello",
                       platforms=("amd64", "arm64"), settle="1s")

    argv = ["promote", "staging", "production"]
    project = start(0)
    first = project.build()
    project.slipway("release", "staging")
    total = killer.steps(project, argv)
    check(total >= 20, f"a good number of steps to die at, not {total}")
    # Every third step: the layouts have been through all of them, here it is the order of requests that counts.
    for at in range(1, total + 1, 3):
        project = start(at)
        check_equal(project.build(), first, "the same build")
        project.slipway("release", "staging")
        killer.run(project, argv, at)
        tags = check_registry(registry, f"p{at}/hello")
        check(tags.get("production") in (None, first), f"no tag or the new release at step {at}, not {tags}")
        check_equal(project.slipway(*argv).digest, first, f"promote run again after step {at}")
        check_equal(check_registry(registry, f"p{at}/hello")["production"], first, "the tag in the end")
        check_equal([row["number"] for row in project.history("production")], [1], f"history after step {at}")
    world.note(f"promote in a registry: killed before every third of {total} steps")


def damage(project, registry, older):
    """A moving tag that lags behind, and an entry and an event that the registry lists and cannot hand out."""
    project.slipway("tag", f"{registry.host}/prod/hello@{older}", "production")
    tags = registry.data / "docker/registry/v2/repositories/team/hello-releases/_manifests/tags"
    for tag in ("hello.production.v3.0123456789ab", "hello.production.e.0123456789ab"):
        (tags / tag / "current").mkdir(parents=True, exist_ok=True)


def test_doctor_repair_in_a_registry(world):
    registry = world.registry()
    killer = Killer(world)
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello", settle="1s")
    first, second = project.ship("first"), project.ship("second")
    argv = ["doctor", "production", "--repair"]
    damage(project, registry, first)
    total = killer.steps(project, argv)
    check(total >= 20, f"a good number of steps to die at, not {total}")
    for at in range(1, total + 1, 5):
        damage(project, registry, first)
        killer.run(project, argv, at)
        check_equal([row["number"] for row in project.history("production")], [2, 1], f"the history after step {at}")
        check(registry.digest_of("prod/hello", "production") in (first, second), f"one of two releases after step {at}")
        project.slipway(*argv)
        check_equal(project.slipway("doctor", "production").out, "", f"what is left to mend after step {at}")
        check_equal(registry.digest_of("prod/hello", "production"), second, f"the tag in the end, step {at}")
    project.slipway("verify", "--all")
    world.note(f"doctor --repair in a registry: killed before every fifth of {total} steps")


def test_killed_by_the_clock_while_big_layers_move(world):
    registry = world.registry()
    rng = random.Random(1)
    world.write("big", rng.randbytes(24 << 20))
    argv = ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "big:/big", "--to", "oci:out:v1", "--to",
            f"{registry.host}/team/big:v1"]
    began = time.monotonic()
    wanted = world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "big:/big", "--to",
                           f"{registry.host}/timed/big:v1").digest
    seconds = time.monotonic() - began
    for _ in range(8):
        process = world.start(*argv)
        time.sleep(rng.uniform(0, seconds))
        process.kill()
        process.wait()
        check(check_layout(world.folder / "out").get("v1") in (None, wanted), "no tag or the image")
        check(check_registry(registry, "team/big").get("v1") in (None, wanted), "no tag or the image in the registry")
    check_equal(set(world.slipway(*argv).out.split("@")[-1].split()), {wanted}, "the digest in the end")
    check_equal(registry.digest_of("team/big", "v1"), wanted, "the registry in the end")


def test_signals_end_it_with_their_status(world):
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with socket.create_server(("127.0.0.1", 0)) as server:
            process = world.start("digest", f"127.0.0.1:{server.getsockname()[1]}/a/b:v1", "--timeout", "60")
            server.settimeout(20)
            connection, _ = server.accept()
            time.sleep(0.2)
            process.send_signal(number)
            began = time.monotonic()
            check_equal(process.wait(20), status, f"the status after signal {number}")
            check(time.monotonic() - began < 5, "an end at once")
            connection.close()


def test_an_interrupted_build_leaves_nothing_named(world):
    (world.folder / "tree").mkdir()
    for number in range(24):
        world.write(f"tree/f{number}", random.Random(number).randbytes(1 << 20))
    argv = ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "tree:/srv", "--compression", "gzip:best",
            "--no-cache"]
    began = time.monotonic()
    wanted = world.slipway(*argv, "--to", "oci:whole:v1").digest
    seconds = time.monotonic() - began
    statuses = []
    for number, part in ((signal.SIGINT, 0.3), (signal.SIGINT, 0.6), (signal.SIGTERM, 0.4)):
        process = world.start(*argv, "--to", "oci:out:v1")
        time.sleep(seconds * part)
        process.send_signal(number)
        statuses.append((number, process.wait(20)))
        if statuses[-1][1] == 0:
            continue  # it was faster than the signal
        check_equal(statuses[-1][1], 128 + number, f"the status after signal {number}")
        check_equal(check_layout(world.folder / "out"), {}, "tags")
        left = [path for path in world.folder.glob("out/**/.tmp*")]
        check(not left, f"a signal that can be handled to leave no halves, not {left}")
    check(any(status for _, status in statuses), f"some build to be interrupted, not {statuses}")
    check_equal(world.slipway(*argv, "--to", "oci:out:v1").digest, wanted, "the build run again")


def test_two_at_a_time(world):
    """Two processes that write one layout at once both succeed, and neither loses the other's tag."""
    world.write("file", "content")
    argv = lambda tag: ["build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/f", "--label",
                        f"n={tag}", "--to", f"oci:out:{tag}"]
    processes = [world.start(*argv(f"t{number}")) for number in range(8)]
    check_equal([process.wait(60) for process in processes], [0] * 8, "statuses")
    check_equal(sorted(check_layout(world.folder / "out")), [f"t{number}" for number in range(8)], "tags")


def test_two_promotions_at_a_time(world):
    project = Project(world)
    digest = project.build()
    project.slipway("release", "staging")
    processes = [world.start("promote", "staging", "production", cwd=project.folder) for _ in range(4)]
    statuses = [process.wait(60) for process in processes]
    check(0 in statuses and set(statuses) <= {0, 16}, f"done, or a conflict, not {statuses}")
    check_equal([(row["number"], row["digest"]) for row in project.history("production")], [(1, digest)], "history")
