"""docs/TUTORIAL.md is true: its commands run in order, and print what the page says but for digests and times."""
import os
import re

from harness import ROOT, check, check_equal, program

PAGE = ROOT / "docs/TUTORIAL.md"


def blocks(text):
    return re.findall(r"```console\n(.*?)```\n", text, re.S)


def steps(block):
    """(command, expected output) of one block; a line that starts with "> " goes on the command before it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif line.startswith("> "):
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1].append(line)
    return [(command, lines) for command, lines in found]


def plain(text):
    """Without what differs between machines: digests and their beginnings, times, sizes, and who releases."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"sha256:[0-9a-f]{6,64}(\.\.\.)?", "DIGEST", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "HEX", text)
    text = re.sub(r", \d+\.\d s$", ", SECONDS", text, flags=re.MULTILINE)
    text = re.sub(r"\d+(\.\d+)? (B|KiB|MiB)\b", "SIZE", text)
    return [line.rstrip() for line in text.splitlines()]


def run(world, folder, command):
    ended = world.tool("sh", "-c", f"exec 2>&1; {command}", cwd=folder, status=None,
                       env={"PATH": f"{world.folder}/bin:{os.environ['PATH']}", "SLIPWAY_ACTOR": "you@example.com"})
    return ended.out + (f"[exit status {ended.status}]\n" if ended.status else "")


def test_every_command_prints_what_the_page_says(world):
    (world.folder / "bin").mkdir()
    (world.folder / "bin/slipway").symlink_to(program())
    folder = world.folder / "work"
    folder.mkdir()
    text, count = PAGE.read_text(), 0
    for block in blocks(text):
        written = []
        for command, expected in steps(block):
            got = run(world, folder, command)
            written.append("$ " + command.replace("\n", "\n> ") + "\n" + got)
            count += 1
            if os.environ.get("SLIPWAY_WRITE_GOLDEN"):
                continue
            check_equal(plain(got), plain("\n".join(expected)), f"what the page shows for: {command}\n")
        text = text.replace(block, re.sub(r"sha256:([0-9a-f]{12})[0-9a-f]{52}", r"sha256:\1...", "".join(written)), 1)
    check(count > 20, f"commands on the page, not {count}")
    if os.environ.get("SLIPWAY_WRITE_GOLDEN"):
        PAGE.write_text(text)
