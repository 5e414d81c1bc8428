"""The program starts at once and loads only what a command needs."""
import os
import re
import statistics
import time

from harness import check, check_equal, program

HEAVY = ("libcurl", "libarchive", "libfyaml")


def loaded_by(world, *argv, status=0):
    """The shared libraries that the dynamic loader opened for a command."""
    ended = world.slipway(*argv, env={"LD_DEBUG": "files"}, status=status)
    return {line.split("file=")[1].split()[0] for line in ended.err.splitlines() if "file=" in line}


def test_version_starts_at_once(world):
    world.slipway("version")
    times = []
    for _ in range(20):
        started = time.perf_counter()
        world.slipway("version")
        times.append((time.perf_counter() - started) * 1000)
    world.note(f"slipway version: median {statistics.median(times):.1f} ms, best {min(times):.1f} ms (with fork and exec)")
    # Loose on purpose: a loaded machine must not fail this, a program that reads files or links everything must.
    check(min(times) < 60, f"a start within 60 ms, not {min(times):.0f} ms")


def test_version_loads_neither_curl_nor_archive(world):
    loaded = loaded_by(world, "version")
    check(loaded, "the loader to say what it opened")
    for name in HEAVY[:2]:
        found = [path for path in loaded if os.path.basename(path).startswith(name)]
        check(not found, f"`version` not to load {found}")


def test_help_and_completion_load_little(world):
    """Quick by what they do not do: 6 ms for help and 30 ms for a tag of a layout leave no room for a network library."""
    world.write("file", "content")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/file", "--to", "oci:out:v1")
    for argv in (("--help",), ("copy", "--help"), ("__complete", "references", "oci:out:")):
        loaded = loaded_by(world, *argv)
        found = [path for path in loaded if os.path.basename(path).startswith(HEAVY[:2])]
        check(loaded and not found, f"{argv} not to load {found}")


def test_a_build_into_a_layout_loads_no_curl(world):
    world.write("file", "content")
    loaded = loaded_by(world, "build", "--base", "scratch", "--platform", "linux/amd64", "--add", "file:/file", "--to",
                       "oci:out:v1")
    check(not [path for path in loaded if "libcurl" in path], "no libcurl for a layout")
    # The same question about a registry has the other answer, so this test can fail.
    loaded = loaded_by(world, "ls", f"127.0.0.1:{world.refused_port()}/team/hello", "--retry", "0", status=15)
    check([path for path in loaded if "libcurl" in path], "libcurl for a registry")


def test_every_command_explains_itself(world):
    overview = world.slipway("help", "commands")
    names = re.findall(r"^  ([a-z-]+)  +\S", overview.out, re.MULTILINE)
    check(len(names) >= 18 and {"build", "promote", "pin", "rollback"} <= set(names), f"the commands in\n{overview}")
    for name in names:
        ended = world.slipway(name, "--help")
        examples = re.search(r"^Examples\n((?:  .*\n)+)", ended.out, re.MULTILINE)
        check(examples and f"slipway {name}" in examples[1], f"examples of the command in\n{ended}")
        check("Usage: slipway " + name in ended.out, f"its usage in\n{ended}")
        check_equal(ended.err, "", f"standard error of {name} --help")


def test_version_prints_one_line(world):
    ended = world.slipway("version")
    check(len(ended.lines) == 1 and ended.lines[0].startswith("slipway "), f"one line, not\n{ended}")
    check(os.path.basename(program()) == "slipway", "the program to be called slipway")
