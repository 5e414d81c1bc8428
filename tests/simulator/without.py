#!/usr/bin/env python3
"""Takes one mending of the release path out, builds the simulator without it, and says how many seeds find that.

Usage: tests/simulator/without.py [--build FOLDER] [--count N] [--list] NAME... | all

The tree is copied to FOLDER/tree (default build/without), so the sources are never touched. Ends with 1 when a mending
is taken out and no seed of the first N finds it.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name: (the fault that comes back, file, text, text instead)
MENDINGS = {
    "L1": ("an entry that is listed and not there blocks its environment", "src/release/ledger.cpp",
           "  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(why));\n  if (!unreadable) return fail(why);\n"
           "  if (why.message != kRemoved)",
           "  if (!is_answer(why) || why.message != kRemoved) return fail(why);\n  if (why.message != kRemoved)"),
    "L3": ("a config tag that is listed counts as proof that the config is there", "src/release/apply.cpp",
           "  if (listed && require_config(plan.entry.config, *target)) return {};\n"
           "  SLIPWAY_TRY(push_config(artifact, *target, tag));\n"
           "  return require_config(plan.entry.config, *target);\n",
           "  if (listed) return {};\n  return push_config(artifact, *target, tag);\n"),
    "L4": ("nothing decides between simultaneous writers", "src/release/contest.cpp",
           "  if (bound.count() == 0 || !ledger.location().is_registry()) return entry;",
           "  if (bound.count() >= 0) return entry;"),
    "L2-bound": ("tags that cannot be read use up the bound on time", "src/release/contest.cpp",
                 "  if (clock.monotonic() - first <= services.settle / 2) {", "  if (clock.monotonic() >= first) {"),
    "W3": ("a promotion brings back a build that was rolled back from, and loses hotfixes", "src/release/plan_draft.cpp",
           "  if (plan.entry.kind != Kind::promote) return reasons;\n",
           "  if (plan.entry.kind <= Kind::rollback) return reasons;\n"),
    "W3-hold": ("the hold of a rollback ends with the next bypassed release", "src/release/event.cpp",
                "  if (head.entry.kind != Kind::rollback && !head.entry.held) return false;",
                "  if (head.entry.kind != Kind::rollback) return false;"),
    "keep-tags": ("the keep tag of a writer that died blocks other machines", "src/release/keep_tags.cpp",
                  "  if (!found || !plan.claims) {\n    Status moved",
                  "  if (found) return fail(taken_error(target, tag, *found, root.digest));\n"
                  "  if (!found || !plan.claims) {\n    Status moved"),
    "moving-tag": ("a moving tag whose link is empty blocks its environment", "src/release/tags.cpp",
                   "  if (found || !is_unreadable(found.error())) return found;",
                   "  if (found || !found) return found;"),
}


def copy_tree(tree: pathlib.Path) -> None:
    tree.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, place = ROOT / name, tree / name
        if not source.is_file():
            continue
        if place.exists() and place.read_bytes() == source.read_bytes():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def build(folder: pathlib.Path, options: list[str]) -> pathlib.Path:
    binary = folder / "bin"
    if not (binary / "build.ninja").exists():
        subprocess.run(["cmake", "-S", folder / "tree", "-B", binary, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", *options],
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", binary, "--target", "simulator"], check=True, stdout=subprocess.DEVNULL)
    return binary / "tests" / "simulator"


def find(name: str, folder: pathlib.Path, count: int, options: list[str]) -> bool:
    fault, file, text, instead = MENDINGS[name]
    place = folder / "tree" / file
    whole = place.read_text()
    if whole.count(text) != 1:
        sys.exit(f"without.py: {name}: the text to take out is not in {file} once; the code changed: adapt MENDINGS")
    place.write_text(whole.replace(text, instead))
    try:
        done = subprocess.run([build(folder, options), "--count", str(count), "--until-found", f"{name} ({fault})"],
                              check=False)
    finally:
        place.write_text(whole)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "without")
    parser.add_argument("--count", type=int, default=2000, help="seeds to try (default: 2000)")
    parser.add_argument("--cmake-arg", action="append", default=[])
    parser.add_argument("--list", action="store_true", help="print the mendings and end")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.list:
        for name, (fault, file, *_) in MENDINGS.items():
            print(f"{name:12} {fault} ({file})")
        return 0
    names = list(MENDINGS) if args.names == ["all"] else args.names
    unknown = [name for name in names if name not in MENDINGS]
    if unknown or not names:
        parser.error(f"not a mending: {unknown[0]}" if unknown else "name a mending, or all")
    copy_tree(args.build / "tree")
    return 0 if all([find(name, args.build, args.count, args.cmake_arg) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
