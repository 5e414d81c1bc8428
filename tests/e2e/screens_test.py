"""Whole screens of a terminal: tables, help and errors at 80 and 120 columns, in colour and without, as golden files.

SLIPWAY_WRITE_GOLDEN=1 tests/e2e/run screens writes testdata/screens; read the difference before you commit it.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from harness import ROOT, check, check_equal, program

GOLDEN = ROOT / "testdata/screens"
PROJECT = """\
app: hello
image:
  repository: "oci:./images"
  base: scratch
  platforms: [linux/amd64]
  layers:
    - {name: app, files: [{from: hello, to: /bin/hello, mode: "0755"}]}
  config: {env: {GREETING: hello}, workdir: /srv}
environments:
  staging: {}
  production: {after: [staging]}
"""


def screen(world, *argv, columns, env=None):
    """What the program writes to a terminal, and its status."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([program(), *argv], cwd=world.folder, env={**world.env, "TERM": "xterm", **(env or {})},
                               stdin=subprocess.DEVNULL, stdout=far, stderr=far)
    text = b""
    while True:
        ended = process.poll() is not None
        if select.select([near], [], [], 0.05)[0]:
            text += os.read(near, 65536)
        elif ended:
            break
    os.close(near)
    os.close(far)
    return text.decode().replace("\r\n", "\n"), process.returncode


def expect_screen(world, name, *argv, status=0):
    for columns in (80, 120):
        plain, ended = screen(world, *argv, columns=columns, env={"NO_COLOR": "1"})
        plain = plain.replace(str(world.folder), "FOLDER")
        check_equal(ended, status, f"the status of {argv} with\n{plain}")
        check("\x1b[3" not in plain and "\x1b[1" not in plain, f"no colours with NO_COLOR: {plain!r}")
        for line in plain.split("\n"):
            check(len(line) <= columns or line.startswith(("  slipway ", "slipway: error: ")) or "@sha256:" in line,
                  f"{line!r} fits {columns} columns")
        golden = GOLDEN / f"{name}-{columns}.txt"
        if os.environ.get("SLIPWAY_WRITE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(plain)
        check(golden.exists(), f"{golden}")
        check_equal(plain, golden.read_text(), f"the screen {golden.name}")


def project(world):
    world.write("hello", "#!/bin/true\n", 0o755)
    world.write("slipway.yaml", PROJECT)
    world.slipway("build", "--push")
    world.slipway("release", "staging")
    world.slipway("promote", "staging", "production", "--reason", "go")
    world.write("hello", "#!/bin/false\n", 0o755)
    world.slipway("build", "--push")
    world.slipway("release", "staging", "--reason", "a reason that is so long that no terminal of a usual width shows it")


def test_screens_of_releases(world):
    project(world)
    expect_screen(world, "status", "status")
    expect_screen(world, "history", "history", "staging")
    expect_screen(world, "inspect", "inspect", "oci:images:staging")
    expect_screen(world, "ls", "ls", "-l", "oci:images")
    expect_screen(world, "promote-dry-run", "promote", "staging", "production", "--dry-run", "-q")
    world.slipway("hold", "production", "--reason", "errors since v1")
    expect_screen(world, "status-held", "status")


def test_screens_of_help_and_errors(world):
    expect_screen(world, "no-command", status=2)
    expect_screen(world, "help", "--help")
    expect_screen(world, "help-copy", "copy", "--help")
    expect_screen(world, "unknown-command", "promot", status=2)
    expect_screen(world, "unexpected-argument", "ls", "oci:a", "b", status=2)
    expect_screen(world, "not-found", "digest", "oci:nowhere:v1", status=13)


def test_colours_are_roles(world):
    project(world)
    coloured, _ = screen(world, "status", columns=80)
    check("\x1b[32mactive\x1b[0m" in coloured, f"what is well is green in {coloured!r}")
    check("\x1b[33m1 behind staging\x1b[0m" in coloured, f"what waits is yellow in {coloured!r}")
    plain, _ = screen(world, "status", columns=80, env={"NO_COLOR": "1"})
    check_equal(re.sub(r"\x1b\[[0-9;]*m", "", coloured), plain, "the text without its colours")
    dumb, _ = screen(world, "status", columns=80, env={"TERM": "dumb"})
    check_equal(dumb, plain, "a dumb terminal")
    forced = world.slipway("status", "-o", "wide", env={"CLICOLOR_FORCE": "1"}).out
    check("\x1b[32m" in forced, f"colours without a terminal in {forced!r}")
    wrong, _ = screen(world, "digest", "oci:nowhere:v1", columns=80)
    check("slipway: \x1b[1;31merror:\x1b[0m" in wrong, f"an error is red in {wrong!r}")


def test_piped_output_is_complete(world):
    project(world)
    piped = world.slipway("status").out
    check_equal(len(re.findall(r"sha256:[0-9a-f]{64}", piped)), 2, f"whole digests in {piped}")
    check("\x1b" not in piped, "no escapes")
    check_equal(len(world.slipway("history", "staging").lines), 2, "one line a release")
