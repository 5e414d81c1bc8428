"""A registry that is killed and started again at random, while two folders with state of their own promote in a loop.

Nothing may be stuck afterwards, nothing that was reported as done may be missing, and verify holds, with nobody's hands
on the registry. tests/e2e/run takes half a minute; `tests/e2e/flapping_test.py --seconds 600` as long as one likes
(scripts/test --long).
"""
import random
import sys
import threading
import time

from harness import check, check_equal, new_folder, World
from writers_test import machines_of

# Done, refused by a policy, gone (12: the registry took a document and answers that it is not there), not there,
# unreachable, a lost race: the ends that a registry which dies explains.
EXPLAINED = {0, 12, 13, 15, 16}


class Flapping:
    """Kills the registry without warning, and starts it again, until stop()."""

    def __init__(self, registry, seed):
        self.registry, self.random = registry, random.Random(seed)
        self.deaths = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(self.random.uniform(0.3, 2.5)):
            self.registry.process.kill()
            self.registry.process.wait(20)
            self.deaths += 1
            time.sleep(self.random.uniform(0, 0.5))
            self.registry.log.close()
            self.registry.start()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def promote_in_a_loop(machine, until, done, ended):
    """Promotes, each time with another config, and keeps what was reported as done."""
    count = 0
    while time.monotonic() < until:
        count += 1
        machine.configure("production", f"{machine.name} number {count}")
        one = machine.slipway("promote", "staging", "production", "-o", "json", status=None)
        ended.append(one)
        if one.status == 0:
            done.append((one.document["number"], one.document["entry"]))


def flap(world, seconds, seed=1):
    registry, machines = machines_of(world, 2, settle="1s")
    done, ended = [], []
    until = time.monotonic() + seconds
    with Flapping(registry, seed) as flapping:
        threads = [threading.Thread(target=promote_in_a_loop, args=(machine, until, done, ended)) for machine in machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    strange = [one for one in ended if one.status not in EXPLAINED]
    check(not strange, "an end that the registry's death explains, not\n" + "\n".join(map(str, strange)))
    # The registry is up for good. The next command of each machine goes through, whatever was left behind.
    for machine in machines:
        machine.configure("production", f"{machine.name} afterwards")
        machine.slipway("promote", "staging", "production", "--wait", "2m")
        machine.slipway("release", "staging", "--same-build", "--wait", "2m")
        machine.slipway("verify", "--all")
    history = machines[0].slipway("history", "production", "-o", "json").document["releases"]
    check_equal([row["number"] for row in history], list(range(len(history), 0, -1)), "numbers without gaps")
    made = {(row["number"], row["entry"]) for row in history}
    check_equal(sorted(set(done) - made), [], "releases that were reported as done and are missing")
    check_equal(registry.digest_of("prod/hello", "production"), history[0]["digest"], "the tag")
    world.note(f"{seconds} s: {flapping.deaths} deaths of the registry, {len(ended)} promotions, {len(done)} of them done")


def test_a_registry_that_dies_again_and_again(world):
    flap(world, 30)


if __name__ == "__main__":
    wanted = int(sys.argv[2]) if sys.argv[1:2] == ["--seconds"] else 600
    with new_folder() as folder:
        world = World(folder)
        with world.stack:
            flap(world, wanted, seed=random.randrange(1 << 30))
        print("\n".join(world.notes))
