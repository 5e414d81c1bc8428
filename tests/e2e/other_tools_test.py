"""Every command on the right of docs/FROM_OTHER_TOOLS.md does what the page says: it ends with success."""
import json
import re
import shlex
import tarfile

from harness import ROOT, check, check_equal

PROJECT = """\
app: app
image:
  repository: registry.example.com/team/app
  base: scratch
  platforms: [linux/amd64]
  layers: [{name: app, files: [{from: hello, to: /bin/hello, mode: "0755"}]}]
environments:
  staging: {}
"""


def commands():
    """The commands on the right that can run here, in the order of the page."""
    rows = re.findall(r"^\| (.+) \| (.+) \|$", (ROOT / "docs/FROM_OTHER_TOOLS.md").read_text(), re.MULTILINE)
    rows = [(there, here) for there, here in rows if there.startswith("`")]
    check(len(rows) >= 50, f"fifty lines at least, not {len(rows)}")
    return [re.fullmatch(r"`(slipway [^`]+)`", here)[1] for _, here in rows if re.fullmatch(r"`slipway [^`]+`", here)]


def test_every_line_on_the_right_works(world):
    registry, mirror = world.registry(), world.registry()

    def real(text):
        return text.replace("registry.example.com", registry.host).replace("mirror.example.com", mirror.host)

    world.write("hello", "#!/bin/true\n", 0o755)
    world.write("slipway.yaml", real(PROJECT))
    world.write("deployment.yaml", real("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
                                        "    - {name: app, image: registry.example.com/team/app:v1}\n"))
    world.write("list.txt", real("registry.example.com/team/app:v1\n"))
    for arch in ("amd64", "arm64"):
        world.slipway("build", "--base", "scratch", "--platform", f"linux/{arch}", "--add", "hello:/bin/hello:0755", "--to",
                      f"oci:{arch}:v1")
    world.write("other", "#!/bin/false\n", 0o755)
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "other:/bin/hello:0755", "--to",
                  "oci:out:v1")
    ran = 0
    world.write("notes.txt", "hello\n")
    with tarfile.open(world.folder / "layer.tar", "w") as layer:
        layer.add(world.folder / "notes.txt", "notes.txt")
    for line in commands():
        if "sha256:..." in line:
            config = json.loads(world.slipway("manifest", real("registry.example.com/team/app:v1")).out)["config"]["digest"]
            line = line.replace("sha256:...", config)
        ended = world.slipway(*shlex.split(real(line))[1:], status=None)
        check_equal(ended.status, 0, f"the status of\n{line}\n{ended}")
        ran += 1
    check(ran >= 50, f"fifty commands that ran, not {ran}")
