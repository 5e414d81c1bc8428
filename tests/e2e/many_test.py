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


def test_ten_machines_never_have_two_active_releases(world):
    registry = world.registry()
    project, digests = ten_builds(world, registry)
    project.slipway("release", "staging", f"{registry.host}/team/hello@{digests[0]}")
    machines = []
    for i in range(WRITERS):
        folder = world.folder / f"machine-{i}"
        shutil.copytree(project.folder, folder / "project", ignore=shutil.ignore_patterns(".slipway"))
        machines.append((folder / "project", {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}))
    ended = run_all(world, [(folder, env, ("release", "staging", f"{registry.host}/team/hello@{digests[i]}", "--reason",
                                             f"machine {i}")) for i, (folder, env) in enumerate(machines)])
    statuses = [one.status for one in ended]
    check(set(statuses) <= {0, CONFLICT}, f"done or a conflict each, not {statuses}:\n" + "\n".join(str(one) for one in ended))
    check(0 in statuses, f"somebody to get through: {statuses}")
    # Every release that was reported as done is in the ledger, as the head or below it; all machines see one and the same head.
    heads = {world.slipway("show", "staging", "-o", "json", cwd=folder, env=env).document["entry"] for folder, env in machines}
    check_equal(len(heads), 1, f"heads that ten machines see: {heads}")
    folder, env = machines[0]
    document = world.slipway("history", "staging", "-o", "json", cwd=folder, env=env).document
    history, forks = document["releases"], document.get("forks", [])
    numbers = [row["number"] for row in history]
    check_equal(numbers, sorted(set(numbers), reverse=True), "numbers, each once")
    check_equal(sum(row["active"] for row in history), 1, "active releases")
    # Who was told "done" and then met somebody who wrote at the same moment is shown as the loser, and not forgotten.
    done = {digests[i] for i, status in enumerate(statuses) if status == 0}
    check_equal(done - {row["build"] for row in history + forks}, set(), "releases that are nowhere in the ledger")
    check_equal(len([tag for tag in registry.tags("team/hello-releases") if ".staging.v" in tag]), len(history) + len(forks),
                "entries in the registry, all of them shown")
    if forks:
        verified = world.slipway("verify", "staging", cwd=folder, env=env, status=12)
        check("two writers at once" in verified.err, f"the losers in\n{verified}")
    # The next one finishes what is left: the tag shows the active release.
    world.slipway("release", "staging", f"{registry.host}/team/hello@{digests[-1]}", "--reason", "the next", cwd=folder, env=env)
    after = world.slipway("show", "staging", "-o", "json", cwd=folder, env=env).document
    check_equal(registry.digest_of("team/hello", "staging"), after["digest"], "the tag")
