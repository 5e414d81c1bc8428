"""What a terminal shows while blobs move, and what is told where there is none."""
import fcntl
import json
import os
import pty
import random
import re
import select
import struct
import subprocess
import termios

from between import Cutter
from harness import check, check_equal, program

MIB = 1 << 20


def big_image(world, size):
    world.write("data", os.urandom(size))
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "data:/data", "--compression", "none",
                  "--to", "oci:out:v1")
    return "oci:out:v1"


BAR = re.compile(r"(?:push|pull|copy) [0-9a-f]{12}  \[=*>? *\] +[0-9.]+ [KM]iB / 24\.0 MiB +[0-9.]+ [KM]iB/s")
SUM = re.compile(r"of 2 done, \d under way, .*/s, 0:\d\d left")


def on_a_terminal(world, *argv, columns=100, later=None):
    """Runs it on a terminal, which is `later` columns wide once a bar and the sum were seen: what it wrote, its status."""
    near, far = pty.openpty()

    def resize(to):
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, to, 0, 0))

    resize(columns)
    env = {k: v for k, v in world.env.items() if k != "CI"} | {"TERM": "xterm"}
    process = subprocess.Popen([program(), *argv], cwd=world.folder, env=env, stdin=subprocess.DEVNULL, stdout=far,
                               stderr=far)
    text = ""
    while True:
        ended = process.poll() is not None
        if select.select([near], [], [], 0.05)[0]:
            text += os.read(near, 65536).decode()
        elif ended:
            break
        if later and BAR.search(text) and SUM.search(text):
            resize(later)
            later = None
    os.close(near)
    os.close(far)
    return text, process.returncode


def test_a_terminal_sees_bars_and_is_left_clean(world):
    source, registry = big_image(world, 24 * MIB), world.registry()
    with Cutter(registry.host, pause=0.003) as wire:
        text, status = on_a_terminal(world, "copy", source, f"{wire.host}/team/app:v1", later=50)
    check_equal(status, 0, f"the status of {text}")
    check(BAR.search(text), f"a bar in {text!r}")
    check(SUM.search(text), f"the sum in {text!r}")
    frames = re.split(r"\x1b\[\d+A\r", text)
    check(len(frames) > 4, f"it is drawn again and again: {text!r}")
    for frame in frames[len(frames) // 2:]:
        for line in frame.replace("\x1b[K", "").replace("\x1b[J", "").split("\r\n"):
            check(len(line) < 50 or "@sha256:" in line, f"{line!r} fits the terminal of now")
    result = frames[-1]
    check(result.startswith("\x1b[J") and result.count("\n") == 1 and "team/app:v1@sha256:" in result,
          f"nothing but the result stays: {result!r}")


def test_reading_an_image_has_events_too(world):
    world.write("large", random.Random(1).randbytes(2 << 20))
    built = world.slipway("build", "--base", "scratch", "--add", "large:/large", "--platform", "linux/amd64", "--to", "oci:out:v1",
                          "--progress", "json")
    kinds = [json.loads(line)["event"] for line in built.err.splitlines() if line.startswith("{")]
    check_equal(kinds[:2], ["planning", "planned"], f"the first events of a build among {kinds}")
    check("layer" in kinds, f"the layer among {kinds}")
    world.slipway("build", "--base", "scratch", "--add", "large:/other", "--platform", "linux/amd64", "--to", "oci:out:v2")
    for command in (["files", "oci:out:v1"], ["diff", "oci:out:v1", "oci:out:v2"], ["validate", "oci:out:v1"], ["unpack", "oci:out:v1", "root"], ["sbom", "oci:out:v1"]):
        ended = world.slipway(*command, "--progress", "json")
        events = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
        read = [event for event in events if event["event"] == "read"]
        check(read and all(event["size"] >= MIB and event["digest"].startswith("sha256:") for event in read),
              f"the layer among the events of {command[0]}: {events}")
        check("read" not in world.slipway("validate", "oci:out:v1", "--progress", "plain").err, "no lines for logs")


def test_events_for_programs_and_lines_for_logs(world):
    source, registry = big_image(world, 24 * MIB), world.registry()
    with Cutter(registry.host, pause=0.004) as wire:
        told = world.slipway("copy", source, f"{wire.host}/team/app:v1", "--progress", "json")
    events = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    kinds = [event["event"] for event in events]
    check(kinds.index("expected") < kinds.index("started") < kinds.index("copied"), f"the order of {kinds}")
    check("progress" in kinds, f"what moves is told: {kinds}")
    for event in events:
        check({"digest", "mediaType", "size"} <= set(event), f"{event}")
        check(event["event"] != "progress" or 0 < event["at"] <= event["size"], f"{event}")
    plain = world.slipway("copy", source, f"{registry.host}/team/other:v1").err
    check("\x1b" not in plain and "copied" in plain, f"lines: {plain!r}")
    forced = world.slipway("copy", source, f"{registry.host}/team/third:v1", "--progress", "tty").err
    check("copied" not in forced, f"bars only: {forced!r}")
