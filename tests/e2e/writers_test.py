"""Ten writers from ten folders with state of their own: in each round exactly one is told that it released.

tests/e2e/run runs two rounds; `tests/e2e/writers_test.py --rounds 100` as many as one likes (scripts/test --long).
"""
import concurrent.futures
import shutil
import sys

from harness import check, check_equal, new_folder, World
from projects import Project

WRITERS = 10
CONFLICT = 16
# The bound that slow machines keep: a writer that exceeds it gives its number up.
SETTLE = "3s"


class Machine:
    """A copy of the project in a folder with state and cache of its own."""

    def __init__(self, world, project, name):
        self.world, self.name = world, name
        folder = world.folder / name
        self.folder = folder / "project"
        shutil.copytree(project.folder, self.folder, ignore=shutil.ignore_patterns(".slipway"))
        self.env = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache"), "SLIPWAY_ACTOR": name}

    def slipway(self, *argv, **options):
        return self.world.slipway(*argv, cwd=self.folder, env=self.env, **options)

    def configure(self, environment, text):
        (self.folder / f"deploy/{environment}.env").write_text(f"GREETING={text}\n")


def machines_of(world, count=WRITERS, settle=SETTLE):
    """A registry, and machines that share the project whose first build is released to staging."""
    registry = world.registry()
    project = Project(world, f"{registry.host}/team/hello", f"{registry.host}/staging/hello", f"{registry.host}/prod/hello",
                      ledger=f"{registry.host}/team/ledger")
    path = project.folder / "slipway.yaml"
    path.write_text(path.read_text().replace("ledger: {", f"ledger: {{settle: {settle}, "))
    project.build()
    project.slipway("release", "staging")
    return registry, [Machine(world, project, f"machine-{i}") for i in range(count)]


def one_round(machines, number):
    """All release at once, each with another config; the one that won, or none where the bound on time was exceeded."""
    for machine in machines:
        machine.configure("staging", f"{machine.name} in round {number}")
    with concurrent.futures.ThreadPoolExecutor(len(machines)) as pool:
        ended = list(pool.map(lambda machine: machine.slipway("release", "staging", "--same-build", status=None), machines))
    told = "\n".join(map(str, ended))
    statuses = [one.status for one in ended]
    check(set(statuses) <= {0, CONFLICT}, f"done or a conflict each, not {statuses}:\n{told}")
    check("is taken" not in told and "remove the tag" not in told, f"losers told of the race, not of a tag, in\n{told}")
    slow = any("took longer than" in one.err for one in ended)
    winners = [machine for machine, status in zip(machines, statuses) if status == 0]
    check(len(winners) == 1 or (slow and not winners), f"exactly one 0 in round {number}, not {statuses}:\n{told}")
    return winners[0] if winners else None


def run_rounds(world, rounds):
    registry, machines = machines_of(world)
    wins = 0
    for number in range(1, rounds + 1):
        winner = one_round(machines, number)
        fresh = machines[number % WRITERS]
        fresh.slipway("verify", "staging")
        history = fresh.slipway("history", "staging", "-o", "json").document
        wins += winner is not None
        check_equal([row["number"] for row in history["releases"]], list(range(wins + 1, 0, -1)), "numbers without gaps")
        check_equal(history.get("forks", []), [], "entries that lost")
        if winner:
            check_equal(history["releases"][0]["actor"], winner.name, "the active release's actor")
    check_equal(registry.digest_of("staging/hello", "staging"), history["releases"][0]["digest"], "the tag")
    world.note(f"{rounds} rounds of {WRITERS} writers: {wins} with one winner, {rounds - wins} given up by the bound")
    return wins


def test_ten_machines_in_each_round_one_winner(world):
    check(run_rounds(world, 2) >= 1, "a round with a winner")


def test_wait_takes_turns_between_machines(world):
    _, machines = machines_of(world, 3, settle="1s")
    for machine in machines:
        machine.configure("staging", f"by {machine.name}")
    with concurrent.futures.ThreadPoolExecutor(len(machines)) as pool:
        ended = list(pool.map(lambda machine: machine.slipway("release", "staging", "--same-build", "--wait", "4m", status=None),
                              machines))
    told = "\n".join(map(str, ended))
    check_equal([one.status for one in ended], [0, 0, 0], f"statuses of\n{told}")
    history = machines[0].slipway("history", "staging", "-o", "json").document["releases"]
    check_equal({row["actor"] for row in history[:3]}, {machine.name for machine in machines}, "who released")
    machines[1].slipway("verify", "staging")


if __name__ == "__main__":
    rounds = int(sys.argv[2]) if sys.argv[1:2] == ["--rounds"] else 100
    with new_folder() as folder:
        world = World(folder)
        with world.stack:
            run_rounds(world, rounds)
        print("\n".join(world.notes))
