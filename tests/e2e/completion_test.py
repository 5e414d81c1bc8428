"""Completions as the shells take them, and the manual page as man does."""

from harness import check, check_equal, program

ASK = """\
slipway() {{ "{program}" "$@"; }}
eval "$(slipway completion bash)"
COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=({words}); COMP_CWORD=$(({count}))
_slipway
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(world, *words):
    """What bash offers for the last of these words."""
    script = ASK.format(program=program(), words=" ".join(f"'{word}'" for word in words), count=len(words) - 1,
                        line=" ".join(words))
    return [line for line in world.tool("bash", "--norc", "-c", script).lines if line]


def test_bash_completes_commands_options_and_values(world):
    check_equal(completed(world, "slipway", "prom"), ["promote"], "commands")
    check_equal(completed(world, "slipway", "-f", "x.yaml", "unp"), ["unpack"], "a command behind a global option's value")
    check_equal(completed(world, "slipway", "load", "--in"), ["--into", "--insecure"], "options")
    check_equal(completed(world, "slipway", "load", "--into", "po"), ["podman"], "an option's values")
    check_equal(completed(world, "slipway", "env", "--output", "j"), ["json"], "a global option's values")
    check_equal(completed(world, "slipway", "pin", "dep"), [], "files, which bash knows itself")
    check_equal(completed(world, "slipway", "help", "cred"), ["credentials"], "help topics")
    check_equal(completed(world, "slipway", "release", "--bypass", "so"), ["soak"], "names of rules")
    world.write("slipway.yaml", "app: shop\nimage: {repository: \"oci:./images\", layers: [{name: runtime, files: [{from: x, to: /x}]}, {name: program, files: [{from: y, to: /y}]}]}\n"
                                "environments: {staging: {}, production: {}}\n")
    check_equal(completed(world, "slipway", "files", "--layer", "pro"), ["program"], "names of layers")
    check_equal(completed(world, "slipway", "build", "--app", "s"), ["shop"], "names of apps")
    check_equal(completed(world, "slipway", "pin", "--env", "st"), ["staging"], "environments of an option")


def test_references_are_completed_quickly(world):
    """Tags of layouts come from disk, those of registries from a list that is kept for a minute."""
    registry = world.registry()
    world.write("hello", "hello\n", 0o755)
    place = f"{registry.host}/team/app"
    for to in ("oci:out:v1", f"{place}:v1", f"{place}:v2"):
        world.slipway("build", "--base", "scratch", "--add", "hello:/hello", "--platform", "linux/amd64", "--no-check",
                      "--to", to)
    before = len(registry.requests())
    check_equal(world.slipway("__complete", "references", "oci:out:").lines, ["oci:out:v1"], "tags of a layout")
    check_equal(len(registry.requests()), before, "the requests for them")
    for _ in range(2):
        check_equal(world.slipway("__complete", "references", f"{place}:").lines, [f"{place}:v1", f"{place}:v2"],
                    "tags of a registry")
    asked = [path for _, path, status in registry.requests()[before:] if status == 200]
    check_equal([path for path in asked if "tags" in path], ["/v2/team/app/tags/list?n=1000"], "asked once")
    world.write("slipway.yaml", f"app: app\nimage: {{repository: {place}}}\n"
                                f"environments: {{staging: {{repository: {registry.host}/team/staging}}}}\n")
    found = world.slipway("__complete", "references", "").lines
    check({place, f"{registry.host}/team/staging", "staging", "oci:out"} <= set(found), f"what slipway.yaml names in {found}")
    check_equal(world.slipway("__complete", "references", f"127.0.0.1:{world.refused_port()}/a/b:").out, "", "nobody there")
    check_equal(completed(world, "slipway", "build", "--sbom", "sp"), ["spdx"], "formats")
    check_equal(completed(world, "slipway", "build", "--compression", "zs"), ["zstd", "zstd:best", "zstd:fast"], "formats")


def test_the_other_readers_take_theirs(world):
    for shell in ("zsh", "fish"):
        path = world.write(f"completion.{shell}", world.slipway("completion", shell).out)
        world.tool(shell, "-n", path)
    page = world.write("slipway.1", world.slipway("completion", "man").out)
    made = world.tool("groff", "-man", "-Tutf8", "-ww", page)
    check_equal(made.err, "", "what groff complains about")
    check("slipway promote" in made.out.replace("\b", ""), "the commands in the page")
