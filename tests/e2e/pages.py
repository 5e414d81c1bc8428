"""Pages of docs/ that a test runs: their console blocks, the files that they show, and what is compared."""
import os
import re

from harness import Failure, check, check_equal, program

BLOCK = re.compile(r"(?:<!-- (file|part|not run): (.*?) -->\n)?^```(\w*)\n(.*?)^```\n", re.S | re.M)
FIXTURE = re.compile(r"<!-- fixture: (\w+) -->")
HOSTS = ("registry.example.com", "mirror.example.com")
WRITES = bool(os.environ.get("SLIPWAY_WRITE_GOLDEN"))


def steps(block):
    """(command, expected output) of one block; a line that starts with "> " goes on the command before it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        elif found:
            found[-1][1].append(line)
        else:
            raise Failure(f"expected a block that begins with a command, got\n{block}")
    return [(command, lines) for command, lines in found]


def plain(text):
    """Without what differs between machines: digests and their beginnings, times, sizes, seconds, widths of columns."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"sha256[:-][0-9a-f]{6,64}(\.\.\.)?", "DIGEST", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "HEX", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "HEX", text)
    text = re.sub(r"\b\d+[dhms]( ?\d+[hms])*\b", "DURATION", text)
    text = re.sub(r", \d+\.\d s$", ", SECONDS", text, flags=re.MULTILINE)
    text = re.sub(r"\d+(\.\d+)? (bytes|B|KiB|MiB)\b", "SIZE", text)
    text = re.sub(r" {2,}", "  ", text)
    return [line.rstrip() for line in text.splitlines()]


def agrees(got, expected):
    """Whether the lines are those that the page shows; "..." on a line of its own stands for any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in got)) is not None


def alone(text):
    """slipway.yaml with the wait for other writers turned off: here nobody else releases."""
    documents = text.split("---\n")
    return "---\n".join(one if "ledger:" in one or "oci:" in one or "environments:" not in one else one + "ledger: {settle: 0s}\n" for one in documents)


class Page:
    """One page and the folder in which its commands run."""

    def __init__(self, world, path, hosts=HOSTS):
        self.world, self.path, self.text = world, path, path.read_text()
        self.folder = world.folder / "work"
        self.folder.mkdir()
        (world.folder / "bin").mkdir()
        (world.folder / "bin/slipway").symlink_to(program())
        self.hosts = [(name, world.registry().host) for name in hosts if name in self.text]
        self.count = 0

    def real(self, text):
        for name, host in self.hosts:
            text = text.replace(name, host)
        return text

    def shown(self, text):
        for name, host in self.hosts:
            text = text.replace(host, name)
        return text.replace(str(self.folder), "/home/you/hello")

    def write(self, name, text):
        self.world.write(f"work/{name}", self.real(alone(text) if name == "slipway.yaml" else text))

    def replace(self, name, block):
        """Replaces the part of a file that the block shows: from its first word to the next line that begins like it."""
        path, word = self.folder / name, block.split(":")[0]
        found = re.search(rf"^{word}:.*?(?=^[^ \n]|\Z)", path.read_text(), re.S | re.M)
        check(found, f"a part {word} in {name}")
        path.write_text(path.read_text().replace(found[0], self.real(block)))

    def run(self, command):
        env = {"PATH": f"{self.world.folder}/bin:{os.environ['PATH']}", "SLIPWAY_ACTOR": "you@example.com"}
        ended = self.world.tool("sh", "-c", f"exec 2>&1; {self.real(command)}", cwd=self.folder, status=None, env=env)
        return self.shown(ended.out) + (f"[exit status {ended.status}]\n" if ended.status else "")

    def console(self, block):
        """Runs a block, and gives it as it is now."""
        written = []
        for command, expected in steps(block):
            got = self.run(command)
            while expected and not expected[-1]:
                expected = expected[:-1]
            self.count += "slipway" in command
            fits = agrees(plain(got), plain("\n".join(expected)))
            if not fits and not WRITES:
                check_equal(plain(got), plain("\n".join(expected)), f"what {self.path.name} shows for: {command}\n")
            got = re.sub(r"sha256:([0-9a-f]{12})[0-9a-f]{52}", r"sha256:\1...", got)
            kept = "".join(line + "\n" for line in expected) if fits else got
            written.append("$ " + command.replace("\n", "\n> ") + "\n" + kept)
        return "".join(written)

    def follow(self):
        """Does what the page says, from its first block to its last. Every block is run, written to a file, or says why not."""
        now, end, seen = "", 0, 0
        for found in BLOCK.finditer(self.text):
            mark, name, language, block = found.groups()
            if mark == "file":
                check(name in self.text[seen:found.start()], f"the name {name}, which a reader needs, above its block on {self.path.name}")
            seen = found.end()
            if language == "console":
                now += self.text[end:found.start(4)] + self.console(block)
                end = found.end(4)
            elif mark == "file":
                self.write(name, block)
            elif mark == "part":
                self.replace(name, block)
            else:
                check(mark == "not run" or language == "text", f"a reason not to run this block of {self.path.name}:\n{block}")
        if WRITES:
            self.path.write_text(now + self.text[end:])
        check(self.count, f"a command of slipway on {self.path.name}")
