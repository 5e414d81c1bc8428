"""Whole screens of a terminal: tables, help and errors at 80 and 120 columns, in colour and without, as golden files.

SLIPWAY_WRITE_GOLDEN=1 tests/e2e/run screens writes testdata/screens; read the difference before you commit it.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import unicodedata

import yaml

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


ESCAPES = re.compile(r"\x1b\[[0-9;]*[mKJA]")
DRAWN = re.compile(r"\x1b\[[0-9]*[KJA]|\r")


def settled(text, world):
    """A screen without what differs from run to run: the time that a build took, the ports of registries."""
    text = DRAWN.sub("", text)
    check(str(world.folder) not in text, f"no folder whose length is this machine's, which decides where lines fold: {text}")
    text = re.sub(r"127\.0\.0\.1:\d{5}", "REGISTRY:50000", text)
    return re.sub(r", \d+\.\d s$", ", 0.1 s", text, flags=re.MULTILINE)


def expect_golden(path, text):
    if os.environ.get("SLIPWAY_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    check(path.exists(), f"{path}")
    check_equal(text, path.read_text(), f"the screen {path.name}")


def expect_screen(world, name, *argv, status=0, before=lambda: None):
    """At 80 and 120 columns, in colour and without; `before` puts things back before each run."""
    for columns in (80, 120):
        before()
        plain, ended = screen(world, *argv, columns=columns, env={"NO_COLOR": "1"})
        plain = settled(plain, world)
        check_equal(ended, status, f"the status of {argv} with\n{plain}")
        check("\x1b[3" not in plain and "\x1b[1" not in plain, f"no colours with NO_COLOR: {plain!r}")
        for line in plain.split("\n"):
            check(len(line) <= columns or "sha256:" in line,
                  f"{line!r} fits {columns} columns")
        expect_golden(GOLDEN / f"{name}-{columns}.txt", plain)
        before()
        coloured = settled(screen(world, *argv, columns=columns)[0], world)
        check_equal(ESCAPES.sub("", coloured), plain, "the text without its colours")
        if columns == 80 and coloured != plain:
            expect_golden(GOLDEN / f"{name}-{columns}-colour.txt", coloured)


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
    expect_screen(world, "history-image", "history", "oci:images:staging")
    kept = world.folder / "kept"
    places = ("images", "images-releases", ".slipway", "home")
    for place in places:
        shutil.copytree(world.folder / place, kept / place, symlinks=True)

    def put_back():
        for place in places:
            shutil.rmtree(world.folder / place)
            shutil.copytree(kept / place, world.folder / place, symlinks=True)

    expect_screen(world, "promote", "promote", "staging", "production", before=put_back)
    put_back()
    world.slipway("hold", "production", "--reason", "errors since v1")
    expect_screen(world, "status-held", "status")


def test_screens_of_builds_and_copies(world):
    world.write("hello", "#!/bin/true\n", 0o755)
    world.write("slipway.yaml", PROJECT.replace("layers:", "layers:\n    - {name: a-layer-with-a-name-that-is-too-long-for-it, "
                                                "files: [{from: hello, to: /opt/hello}]}"))
    def afresh():
        for place in ("images", "there"):
            shutil.rmtree(world.folder / place, ignore_errors=True)

    plain = ("--progress", "plain", "-j", "1")  # bars come and go with time
    expect_screen(world, "build", "build", "--push", "--no-cache", *plain, before=afresh)
    expect_screen(world, "build-verbose", "build", "--push", "--no-cache", "-v", *plain, before=afresh)
    expect_screen(world, "copy", "copy", "oci:images:latest", "oci:there:v1", *plain,
                  before=lambda: shutil.rmtree(world.folder / "there", ignore_errors=True))
    registry = world.registry()
    world.slipway("copy", "oci:images:latest", f"{registry.host}/team/hello:v1")
    manifest = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {registry.host}/team/hello:v1}}]}}\n"
    expect_screen(world, "pin", "pin", "pod.yaml", before=lambda: world.write("pod.yaml", manifest))
    expect_screen(world, "pin-check", "pin", "--check", "pod.yaml", status=10,
                  before=lambda: world.write("pod.yaml", manifest))


def test_screens_of_help_and_errors(world):
    expect_screen(world, "no-command", status=2)
    expect_screen(world, "help", "--help")
    expect_screen(world, "help-copy", "copy", "--help")
    expect_screen(world, "unknown-command", "promot", status=2)
    expect_screen(world, "unexpected-argument", "ls", "oci:a", "b", status=2)
    expect_screen(world, "help-topic", "help", "credentials")
    expect_screen(world, "several-mistakes", "build", "--base", "scratch", "--add", "a", "--port", "x", "--to", "oci:a",
                  status=2)
    expect_screen(world, "password", "copy", "--src-creds", "me:secret", "a/b:c", "oci:a", status=2)
    expect_screen(world, "not-found", "digest", "oci:/srv/nowhere:v1", status=13)


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
    wrong, _ = screen(world, "digest", "oci:/srv/nowhere:v1", columns=80)
    check("slipway: \x1b[1;31merror:\x1b[0m" in wrong, f"an error is red in {wrong!r}")


def test_piped_output_is_complete(world):
    project(world)
    piped = world.slipway("status").out
    check_equal(len(re.findall(r"sha256:[0-9a-f]{64}", piped)), 2, f"whole digests in {piped}")
    check("\x1b" not in piped, "no escapes")
    check_equal(len(world.slipway("history", "staging").lines), 2, "one line a release")


def streams(world, *argv, out_is_terminal, err_is_terminal, env=None):
    """What the program writes to standard output and error, of which one or both are a terminal of 80 columns."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with open(world.folder / "out", "wb") as out, open(world.folder / "err", "wb") as err:
        subprocess.run([program(), *argv], cwd=world.folder, env={**world.env, **(env or {})}, stdin=subprocess.DEVNULL,
                       stdout=far if out_is_terminal else out, stderr=far if err_is_terminal else err, check=False)
    os.close(far)
    text = b""
    while select.select([near], [], [], 0)[0]:
        try:
            piece = os.read(near, 65536)
        except OSError:  # the other end is closed and everything was read
            break
        text += piece
    os.close(near)
    return (text.decode() if out_is_terminal else (world.folder / "out").read_text(),
            text.decode() if err_is_terminal else (world.folder / "err").read_text())


def test_each_stream_is_what_it_is(world):
    """Tables where standard output is a terminal, colours and folded lines where a stream is one, nothing of it in files."""
    project(world)
    refusal = ("copy", "--src-creds", "x", "a.example/b:c", "oci:d")
    for env, coloured in (({"TERM": "xterm"}, True), ({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False),
                          ({"CLICOLOR": "0"}, False), ({"NO_COLOR": "", "TERM": "xterm"}, True),
                          ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False), ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True)):
        shown, _ = streams(world, "status", out_is_terminal=True, err_is_terminal=False, env=env)
        check("ENVIRONMENT" in shown, f"a table for a terminal with {env}: {shown!r}")
        check_equal("\x1b[" in shown, coloured, f"colours with {env}")
        _, said = streams(world, *refusal, out_is_terminal=False, err_is_terminal=True, env=env)
        check_equal("\x1b[" in said, coloured, f"colours of errors with {env}")
        check(max(len(ESCAPES.sub("", line)) for line in said.splitlines()) <= 80, f"80 columns in {said}")
    shown, said = streams(world, "status", out_is_terminal=False, err_is_terminal=True)
    check("ENVIRONMENT" not in shown and "\x1b" not in shown + said, f"a file has no table: {shown}")
    _, said = streams(world, *refusal, out_is_terminal=True, err_is_terminal=False)
    check_equal(len(said.splitlines()), 2, f"a file has whole lines: {said}")
    check("\x1b" not in said, "and no colours")


def test_tables_of_every_width_and_script(world):
    """Columns stay aligned with wide characters, long names and many rows, in narrow and wide terminals."""
    world.write("hello", "#!/bin/true\n", 0o755)
    rows = "".join(f"  e{number:03d}: {{}}\n" for number in range(120))
    world.write("slipway.yaml", PROJECT.replace("  staging: {}", rows + "  staging: {}"))
    world.slipway("build", "--push")
    names = ("日本語の理由です、とても長い", "🚀 rocket 🚀", "cafe\u0301 combining", "x" * 300)
    for reason in names:
        world.slipway("release", "staging", "--reason", reason)
        world.write("hello", f"#!/bin/true {reason}\n", 0o755)
        world.slipway("build", "--push")
    for columns in (40, 80, 120, 200):
        history, _ = screen(world, "history", "staging", columns=columns, env={"NO_COLOR": "1"})
        status, _ = screen(world, "status", columns=columns, env={"NO_COLOR": "1"})
        check_equal(len(status.splitlines()), 1 + 122, "a row for each environment")
        for line in (history + status).splitlines():
            check(columns < 80 or width(line) <= columns, f"{columns} columns: {width(line)} in {line!r}")
    history, _ = screen(world, "history", "staging", columns=120, env={"NO_COLOR": "1"})
    starts = {width(line[:line.index('"')]) for line in history.splitlines() if '"' in line}
    check_equal(len(starts), 1, f"the notes start in one column of\n{history}")
    empty, status = screen(world, "history", "production", columns=80)
    check_equal(status, 0, f"an environment without releases: {empty}")


def width(text):
    """The columns of a terminal that a text takes."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_a_reader_that_leaves_is_no_error(world):
    for name in range(2000):
        world.write(f"many/{name:05d}-with-a-name-that-fills-the-pipe-of-the-reader", "")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "many:/", "--no-check", "--to", "oci:out:v1")
    for argv in (["files", "oci:out:v1"], ["files", "-o", "json", "oci:out:v1"], ["unpack", "oci:out:v1", "-", "-q"]):
        piped = subprocess.run(["bash", "-c", '"$@" | head -c 1', "bash", program(), *argv], cwd=world.folder, env=world.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        check_equal((len(piped.stdout), piped.stderr), (1, b""), f"what {argv} says to a reader that leaves")


ODD = ["yes", "No", "y", "on", "0o7", "1e3", "0x1F", "1_000", "- x", "#", "a #b", "a#b", "a\nb", "trailing  ", "  leading",
       "null", "~", "2001-01-01", "12:30:00", ".inf", "=", "<<", "a: b", "a:", "'q'", '"d"', "!tag", "&a", "*a", "%d", "@x", "`",
       "?", "-", "true", "[x]", "{x}", "\t", "日本🚀", "\x7f", "\u2028", "\x85", "\ufeff", "a\\b", "x" * 300, ""]


def test_yaml_is_read_back_as_it_is(world):
    """Every odd string of an image is the same in the JSON and, by a YAML parser's reading, in the YAML."""
    world.write("hello", "#!/bin/true\n", 0o755)
    values = [word for number, text in enumerate(ODD) for word in ("--env", f"K{number}={text}")]
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "hello:/hello", "--no-check", *values,
                  "--to", "oci:out:v1")
    document = world.slipway("inspect", "oci:out:v1", "-o", "json").document
    check_equal([entry.partition("=")[2] for entry in document["images"][0]["env"]], ODD, "the values")
    for argv in (("inspect", "oci:out:v1"), ("ls", "oci:out"), ("history", "oci:out:v1"), ("files", "oci:out:v1")):
        check_equal(yaml.safe_load(world.slipway(*argv, "-o", "yaml").out), world.slipway(*argv, "-o", "json").document,
                    f"the YAML of {argv}")
