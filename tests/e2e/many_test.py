"""Ten at once: whoever releases at the same moment, nothing is lost and one release is active."""
import concurrent.futures
import shutil

from harness import check, check_equal
from projects import Project

WRITERS = 10
CONFLICT = 16


def ten_builds(world, registry):
    """A project, and ten builds of it in the registry."""
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    digests = []
    for i in range(WRITERS):
        project.edition(f"edition {i}")
        digests.append(project.build())
    return project, digests


def run_all(world, commands, tries=1):
    """Runs all commands at the same time, each again while somebody else was first: how each ended."""
    def run(folder, env, argv):
        for _ in range(tries):
            ended = world.slipway(*argv, cwd=folder, env=env, status=None)
            if ended.status != CONFLICT:
                break
        return ended

    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        return [one.result() for one in [pool.submit(run, *command) for command in commands]]


def test_ten_of_one_machine_take_turns(world):
    registry = world.registry()
    project, digests = ten_builds(world, registry)
    ended = run_all(world, [(project.folder, {}, ("release", "staging", f"{registry.host}/team/hello@{digest}", "--reason",
                                                  f"number {i}")) for i, digest in enumerate(digests)], tries=100)
    for one in ended:
        check_equal(one.status, 0, f"the status of\n{one}\n")
    history = project.history("staging")
    check_equal([row["number"] for row in history], list(range(WRITERS, 0, -1)), "the numbers")
    check_equal(sorted(row["build"] for row in history), sorted(digests), "the builds: none is lost")
    check_equal([row["number"] for row in history if row["active"]], [WRITERS], "the active one")
    project.slipway("verify", "staging")
    check_equal(registry.digest_of("team/hello", "staging"), history[0]["digest"], "the tag")
