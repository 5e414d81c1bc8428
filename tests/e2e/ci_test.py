"""The CI recipes: the shell script end to end, the others as far as their files can be read here."""
import os

import bundles
from harness import ROOT, check, check_equal, program
from projects import KUBERNETES, Project

RELEASE = ROOT / "examples/ci/release.sh"


def git(world, *argv, **options):
    return world.tool("git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", *argv, **options)


def test_the_shell_recipe_brings_a_build_to_the_gitops_repository(world):
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{registry.host}/prod/hello")
    for name in ("AUTHOR", "COMMITTER"):
        world.env.update({f"GIT_{name}_NAME": "e2e", f"GIT_{name}_EMAIL": "e2e@example.com"})
    world.env["PATH"] = f"{world.folder}/bin:{world.env['PATH']}"
    (world.folder / "bin").mkdir()
    (world.folder / "bin/slipway").symlink_to(program())
    git(world, "init", "-q", "-b", "main", "gitops")
    world.write("gitops/production/app.yaml", KUBERNETES.replace("registry.example.com/team/hello", f"{registry.host}/team/hello"))
    git(world, "add", ".", cwd=world.folder / "gitops")
    git(world, "commit", "-q", "-m", "first", cwd=world.folder / "gitops")
    env = dict(GITOPS_REPO=str(world.folder / "gitops"), GITOPS_PATH="production", OPEN_CHANGE=f"git log -1 --format=%s > {world.folder}/opened")
    ended = world.tool(RELEASE, "all", cwd=project.folder, env=env)
    digest = ended.digest
    branches = git(world, "branch", "--format", "%(refname:short)", cwd=world.folder / "gitops").lines
    check_equal(branches, ["main", "slipway/production-v1"], "the branches")
    check_equal((world.folder / "opened").read_text(), "production: v1\n", "the change that was opened")
    changed = git(world, "diff", "main", "slipway/production-v1", cwd=world.folder / "gitops").out
    check(f"+        image: {registry.host}/prod/hello:hello.production-v1@{digest}" in changed, f"the pinned image in\n{changed}")
    check_equal(changed.count("\n+"), 2, "one line changed and the heading")
    # Again before the change is merged: the branch is this script's own.
    (world.folder / "opened").unlink()
    ended = world.tool(RELEASE, "gitops", cwd=project.folder, env=env)
    check("was updated" in ended.err and not (world.folder / "opened").exists(), f"no second change in\n{ended}")
    git(world, "merge", "-q", "--ff-only", "slipway/production-v1", cwd=world.folder / "gitops")
    ended = world.tool(RELEASE, "gitops", cwd=project.folder, env=env)
    check("has this release already" in ended.err, f"nothing to do in\n{ended}")


def test_a_refusal_is_waited_for_and_other_failures_are_final(world):
    script = """#!/bin/sh
case "$*" in *--dry-run*) exit {dry};; esac
echo called >> {log}
[ "$(wc -l < {log})" -lt 3 ] || exit {last}
exit 11
"""
    for last, wait, dry, calls, status in ((0, 60, 0, 3, 0), (16, 60, 0, 3, 16), (0, 0, 0, 1, 11), (0, 60, 11, 1, 11)):
        log = world.folder / f"log-{last}-{wait}-{dry}"
        world.write("bin/slipway", script.format(log=log, last=last, dry=dry), 0o755)
        world.tool(RELEASE, "production", status=status, env=dict(PATH=f"{world.folder}/bin:{os.environ['PATH']}",
                                                                  APPROVAL_WAIT=str(wait), APPROVAL_INTERVAL="0"))
        check_equal(log.read_text().count("called"), calls, "how often it asked")
    world.tool(RELEASE, "deploy", status=2)


def test_the_other_recipes_can_be_read(world):
    for name in ("github/action.yml", "github/workflow.yml", "gitlab/release.gitlab-ci.yml", "tekton/task.yaml"):
        # pin parses them strictly and finds where images stand; there is none that it would have to ask for.
        ended = world.slipway("pin", "--check", "--crd", "Task=spec.steps[].image", ROOT / "examples/ci" / name)
        check("not recognized" not in ended.err, f"a format that pin knows in\n{ended}")


def test_slipways_own_image_runs(world):
    rules = (ROOT / "packaging/slipway.yaml").read_text().replace("../build/release/slipway", program()).replace("  source: git\n", "")
    world.write("slipway.yaml", rules)
    world.slipway("build", "--push", "-t", "v1")
    ended = bundles.run(world, "images", "v1", args=["version"])
    if ended:
        check_equal((ended.status, ended.out), (0, world.slipway("version").out), f"what it said\n{ended}\n")
