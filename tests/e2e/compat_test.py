"""Records of earlier editions (testdata/compat) are read, verified and continued: every answer recorded then is given again."""
import json
import pathlib
import tarfile

from harness import ROOT, check, check_equal, check_layout, layout_tags

COMPAT = ROOT / "testdata/compat"
EDITIONS = sorted(path.name for path in COMPAT.iterdir() if path.is_dir())


class Record:
    """One recorded project, unpacked into the test's folder, with its own caches and state."""

    def __init__(self, world, edition, name):
        self.world, self.name = world, name
        with tarfile.open(COMPAT / edition / f"{name}.tar.xz") as tar:
            tar.extractall(world.folder / edition)
        self.folder = world.folder / edition / name
        self.answers = json.loads((self.folder / "answers.json").read_text())
        for plan in self.folder.glob("plan.json"):  # a plan names layouts by their whole path
            plan.write_text(plan.read_text().replace((self.folder / "folder").read_text().strip(), str(self.folder)))
        self.env = {"HOME": str(self.folder / "home"), "SLIPWAY_ACTOR": "today"}

    def slipway(self, *argv, **options):
        return self.world.slipway(*argv, cwd=self.folder, env=self.env, **options)

    def history(self, environment):
        return self.slipway("history", environment, "-o", "json").document["releases"]

    def edition(self, text):
        for path in self.folder.glob("build/*/app"):
            path.write_text(f"{text} for {path.parent.name}\n")
        yaml = self.folder / "slipway.yaml"
        yaml.write_text(yaml.read_text().replace("image.version: \"", "image.version: \"9."))

    def ship(self, text, environment="staging"):
        """A new build, released: the ledger goes on from the last recorded number and is verified."""
        before = self.history(environment)
        self.edition(text)
        digest = self.slipway("build", "--push").digest
        self.slipway("release", environment)
        after = self.history(environment)
        check_equal(after[0]["number"], before[0]["number"] + 1, f"the next number of {self.name}")
        check_equal(after[0]["build"], digest, "the build of the next release")
        check_equal([row["entry"] for row in after[1:]], [row["entry"] for row in before], "the recorded entries")
        return digest


def check_contains(got, wanted, what):
    """Everything that was in a document then is in it now; members may have been added."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name, value in wanted.items():
            check(name in got, f"the member {name} in {what}")
            check_contains(got[name], value, f"{what}/{name}")
    elif isinstance(wanted, list) and isinstance(got, list):
        check_equal(len(got), len(wanted), f"the number of items in {what}")
        for index, value in enumerate(wanted):
            check_contains(got[index], value, f"{what}/{index}")
    else:
        check_equal(got, wanted, what)


# Answers that changed on purpose: a plan of edition 1 does not cover what it does, so it is refused and planned again.
CHANGED = {("edition-1", ("apply", "plan.json", "--dry-run")): 16}


def check_answers(record):
    for answer in record.answers:
        if status := CHANGED.get((record.folder.parent.name, tuple(answer["argv"]))):
            check("plan" in record.slipway(*answer["argv"], status=status).err, f"the way out of {answer['argv']}")
            continue
        ended = record.slipway(*answer["argv"], status=answer["status"])
        wanted = answer["out"].replace("FOLDER", str(record.folder))
        what = f"{record.name}: {' '.join(answer['argv'])}"
        if "-o" in answer["argv"] and wanted:
            check_contains(ended.document, json.loads(wanted), what)
        else:
            check_equal(ended.out, wanted, what)


def names(edition):
    return sorted(path.name.split(".")[0] for path in (COMPAT / edition).glob("*.tar.xz"))


def test_every_recorded_answer_is_given_again(world):
    check_equal(EDITIONS, ["edition-1"], "the recorded editions")
    for edition in EDITIONS:
        check_equal(names(edition), ["claims", "forks", "images", "layers", "long", "promotions", "unfinished"], "the records")
        for name in names(edition):
            record = Record(world, edition, name)
            check(len(record.answers) >= 10, f"answers recorded for {name}")
            check_answers(record)


def test_a_recorded_ledger_is_continued(world):
    for name in ("claims", "long"):
        record = Record(world, "edition-1", name)
        record.ship("today")
        record.slipway("verify", "--all")
        first = record.history("staging")[-1]
        record.slipway("rollback", "staging", "v1")
        check_equal(record.history("staging")[0]["build"], first["build"], "the build after a rollback to a recorded release")
        record.slipway("verify", "--all")
        for layout in record.folder.glob("*/oci-layout"):
            check_layout(layout.parent)
    claims = layout_tags(world.folder / "edition-1/claims/ledger")
    check("hello.staging.v4" in claims and "hello.staging.v5" in claims, f"claims of the new numbers in {sorted(claims)}")


def test_a_recorded_plan_is_refused_and_its_approval_counts(world):
    record = Record(world, "edition-1", "promotions")
    digest = record.slipway("digest", "staging").digest
    ended = record.slipway("apply", "plan.json", status=16)
    check("plan it again" in ended.err, f"the way on in\n{ended}")
    check_equal(record.slipway("promote", "staging", "production", "--replaces", "v4").digest, digest, "the image that the approval covers")
    newest = record.history("production")[0]
    check_equal((newest["number"], newest["kind"], newest["build"]), (5, "promote", digest), "the release")
    record.slipway("verify", "--all")


def test_recorded_holds_and_retirements_stand(world):
    record = Record(world, "edition-1", "promotions")
    record.edition("today")
    record.slipway("build", "--push")
    ended = record.slipway("release", "staging", status=11)
    check("a freeze of our own" in ended.err, f"the recorded reason in\n{ended}")
    record.slipway("unhold", "staging")
    record.ship("another")
    record.slipway("rollback", "staging", "v1", status=13)
    record.slipway("promote", "staging", "production", status=11)  # nobody approved this one


def test_a_recorded_rollback_stands_in_layer_mode(world):
    record = Record(world, "edition-1", "layers")
    record.ship("today")
    record.slipway("promote", "staging", "production", status=11)
    record.slipway("unhold", "production")
    record.slipway("promote", "staging", "production")
    rows = record.history("production")
    check_equal([row["number"] for row in rows], [5, 4, 3, 2, 1], "the numbers")
    check_equal(rows[0]["build"], record.history("staging")[0]["build"], "the promoted build")
    check(rows[0]["digest"] != rows[0]["build"], "an image of production's own")
    record.slipway("verify", "--all")


def test_a_recorded_fork_is_told_and_passed_over(world):
    record = Record(world, "edition-1", "forks")
    check("v2" in record.slipway("verify", "staging", status=12).err, "the forked number to be named")
    record.ship("today")
    forks = record.slipway("history", "staging", "-o", "json").document["forks"]
    check_equal(len(forks), 1, f"entries that lost in {forks}")
    check_equal(record.slipway("digest", "staging").digest, record.history("staging")[0]["digest"], "the active image")


def test_an_unfinished_release_of_then_is_finished(world):
    record = Record(world, "edition-1", "unfinished")
    journal = pathlib.Path(record.folder / ".slipway/journal/hello.staging.json")
    check(journal.exists(), "the recorded journal")
    newest = record.history("staging")[0]
    check_equal(newest["number"], 2, "the committed release")
    check(record.slipway("digest", "oci:images:staging").digest != newest["digest"], "a tag that has not moved")
    record.slipway("release", "staging")
    check_equal(record.slipway("digest", "oci:images:staging").digest, newest["digest"], "the tag after the same command")
    check(not journal.exists(), "no journal")
    check_equal(len(record.history("staging")), 2, "releases")
    record.slipway("verify", "staging")


def test_entries_remembered_then_are_remembered_now(world):
    record = Record(world, "edition-1", "promotions")
    state = record.folder / "home/.local/state/slipway/entries"
    then = {path.name: path for path in state.glob("*/*")}
    check_equal(sorted(then), ["hello.production", "hello.staging"], "the recorded memory")
    # The folder's name is that of the ledger's place, which is another one here.
    record.slipway("status")
    for path in state.glob("*/*"):
        if path != then[path.name]:
            path.write_bytes(then[path.name].read_bytes())
    record.slipway("verify", "--all")
    ledger = record.folder / "images-releases"
    newest = next(tag for tag in layout_tags(ledger) if tag.startswith("hello.staging.v5."))
    record.slipway("delete", "--force", f"oci:images-releases:{newest}")
    ended = record.slipway("verify", "staging", status=12)
    check("v5" in ended.err, f"the removed release to be named in\n{ended}")
