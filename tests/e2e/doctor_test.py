"""A registry that dies at the wrong moment leaves tags that cannot be read: they block nothing, and doctor removes them."""
from harness import check, check_equal
from projects import Project


def shop(world):
    registry = world.registry()
    project = Project(world, f"{registry.host}/team/hello", f"{registry.host}/staging/hello", f"{registry.host}/prod/hello")
    project.edition("first")
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    return project, registry


def tags_of(registry, repository):
    return registry.data / "docker/registry/v2/repositories" / repository / "_manifests/tags"


def leave(registry, repository, tag, empty_link=False):
    """What a registry leaves that is killed between the folder and the link, or while it writes the link."""
    folder = tags_of(registry, repository) / tag / "current"
    folder.mkdir(parents=True)
    if empty_link:
        (folder / "link").write_text("")


def test_tags_of_a_dead_registry_block_nothing_and_are_removed(world):
    project, registry = shop(world)
    leave(registry, "team/hello-releases", "hello.production.v2.0123456789ab")
    leave(registry, "team/hello-releases", "hello.production.e.0123456789ab")
    leave(registry, "team/hello-releases", "hello.production.c.0123456789ab", empty_link=True)
    leave(registry, "prod/hello", "hello.production-v9")
    for command in (["status"], ["history", "production"], ["show", "production"], ["env", "production"],
                    ["digest", "production"], ["verify", "production"]):
        ended = project.slipway(*command)
        check(ended.err.count("lists hello.production.v2.0123456789ab") <= 1, f"one warning at most in\n{ended}")
    found = project.slipway("doctor", "production", "-o", "json", status=10).document
    check_equal(sorted(row["check"] for row in found["environments"][0]["findings"]), ["unreadable-tag"] * 4, "findings")
    project.edition("second")
    project.build()
    project.slipway("release", "staging")
    project.slipway("promote", "staging", "production")
    check_equal(project.history("production")[0]["number"], 2, "the number that was free again")
    project.slipway("doctor", "--repair")
    check_equal(project.slipway("doctor").out, "", "what is left to mend")
    for repository, tag in (("team/hello-releases", "hello.production.v2.0123456789ab"), ("prod/hello", "hello.production-v9")):
        check(not (tags_of(registry, repository) / tag / "current" / "link").exists(), f"{tag} is still there")
    project.slipway("verify", "--all")
    project.slipway("rollback", "production")


def test_attachments_of_a_dead_registry_block_nothing(world):
    project, registry = shop(world)
    project.edition("second")
    digest = project.build()
    listed = "sha256-" + digest.removeprefix("sha256:")
    leave(registry, "staging/hello", listed, empty_link=True)
    leave(registry, "team/hello", listed + ".sig", empty_link=True)
    ended = project.slipway("release", "staging")
    check("does not accept evidence" in ended.err and "do not travel" in ended.err, f"what is left out in\n{ended}")
    check_equal(registry.digest_of("staging/hello", "staging"), digest, "the tag, which moved")
    project.slipway("verify", "staging")
    project.slipway("doctor", "staging", "--repair")
    check_equal(project.slipway("doctor", "staging").out, "", "what is left to mend")
    project.slipway("verify", "staging")


def test_doctor_leaves_what_only_a_person_can_decide(world):
    project, registry = shop(world)
    check_equal(project.slipway("doctor").out, "", "a healthy project")
    project.edition("foreign")
    foreign = project.build()
    project.slipway("copy", f"{registry.host}/team/hello@{foreign}", f"{registry.host}/prod/hello:production")
    ended = project.slipway("doctor", "production", "--repair", status=16)
    check("to decide" in ended.out, f"what a person decides in\n{ended}")
    check_equal(registry.digest_of("prod/hello", "production"), foreign, "the tag, which stays")
