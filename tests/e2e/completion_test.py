"""Completions as the shells take them, and the manual page as man does."""

from harness import check, check_equal, program

ASK = """\
eval "$("{program}" completion bash)"
COMP_WORDS=({words}); COMP_CWORD=$(({count}))
_slipway
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(world, *words):
    """What bash offers for the last of these words."""
    script = ASK.format(program=program(), words=" ".join(f"'{word}'" for word in words), count=len(words) - 1)
    return [line for line in world.tool("bash", "--norc", "-c", script).lines if line]


def test_bash_completes_commands_options_and_values(world):
    check_equal(completed(world, "slipway", "prom"), ["promote"], "commands")
    check_equal(completed(world, "slipway", "-f", "x.yaml", "unp"), ["unpack"], "a command behind a global option's value")
    check_equal(completed(world, "slipway", "load", "--in"), ["--into", "--insecure"], "options")
    check_equal(completed(world, "slipway", "load", "--into", "po"), ["podman"], "an option's values")
    check_equal(completed(world, "slipway", "env", "--output", "j"), ["json"], "a global option's values")
    check_equal(completed(world, "slipway", "pin", "dep"), [], "files, which bash knows itself")


def test_the_other_readers_take_theirs(world):
    for shell in ("zsh", "fish"):
        path = world.write(f"completion.{shell}", world.slipway("completion", shell).out)
        world.tool(shell, "-n", path)
    page = world.write("slipway.1", world.slipway("completion", "man").out)
    made = world.tool("groff", "-man", "-Tutf8", "-ww", page)
    check_equal(made.err, "", "what groff complains about")
    check("slipway promote" in made.out.replace("\b", ""), "the commands in the page")
