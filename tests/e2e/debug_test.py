"""Debug information beside the image: by build-id, for a core dump, and what elfutils makes of it."""
import hashlib
import json
import re
import struct

import bundles
from harness import check, check_equal, layout_blob

PROGRAM = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
RECIPE = """app: hello
image:
  repository: "oci:./images"
  debug: split
  layers:
    - name: all
      closure: [greet]
      files:
        - {from: greet, to: /usr/bin/hello}
        - {from: plain.txt, to: /plain.txt}
  config: {entrypoint: [/usr/bin/hello]}
"""


def compile_hello(world, *flags):
    world.write("greet.c", PROGRAM)
    world.write("plain.txt", "text\n")
    world.tool("gcc", "-g", "-O1", "-Wl,-z,now", *flags, "-o", "greet", "greet.c")


def build_id(world):
    return re.search(r"Build ID: (\w+)", world.tool("eu-readelf", "-n", "greet").out).group(1)


def core_of(program):
    """A core dump as the kernel writes it, of a process that has mapped the program: its first page, no registers."""
    base, page = 0x555555554000, program[:4096]
    names = struct.pack("<QQ", 1, 4096) + struct.pack("<QQQ", base, base + 4096, 0) + b"/usr/bin/hello\0"
    names += b"\0" * (-len(names) % 4)
    note = struct.pack("<III", 5, len(names), 0x46494C45) + b"CORE\0\0\0\0" + names
    at = 64 + 2 * 56
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 4, 4, at, 0, 0, len(note), 0, 4)
    segments += struct.pack("<IIQQQQQQ", 1, 5, at + len(note), base, 0, len(page), len(page), 4096)
    return header + segments + note + page


def test_what_is_stripped_is_found_again_by_build_id_and_by_core(world):
    compile_hello(world)
    world.write("slipway.yaml", RECIPE)
    image = world.slipway("build", "--push", "-q").digest
    check_equal(world.slipway("build", "--push", "-q").digest, image, "the image of a second build")
    world.slipway("unpack", "oci:images:latest", "root")
    sections = world.tool("eu-readelf", "-S", "root/usr/bin/hello").out
    check(".debug_info" not in sections and ".symtab" not in sections, "a stripped program, not " + sections)
    check(".debug_info" in world.tool("eu-readelf", "-S", "greet").out, "the build's own program to keep what it has")
    started = bundles.run(world, "images", "latest")
    if started:
        check_equal(started.out, "hello\n", "the stripped program's words")

    artifact = world.slipway("referrers", "-o", "json", "oci:images:latest").document["referrers"]
    check_equal([entry["artifactType"] for entry in artifact], ["application/vnd.slipway.debug.v1"], "what is attached")
    manifest = json.loads(layout_blob(world.folder / "images", artifact[0]["digest"]))
    check_equal(manifest["subject"]["digest"], image, "the artifact's subject")
    wanted = build_id(world)
    path = f".build-id/{wanted[:2]}/{wanted[2:]}.debug"
    check_equal([layer["annotations"]["org.opencontainers.image.title"] for layer in manifest["layers"]], [path], "its files")

    fetched = world.slipway("debug", "fetch", "--to", "one", "oci:images:latest", wanted).out.strip()
    check_equal(fetched, str(world.folder / "one" / path), "where the file is")
    # elfutils joins the two again: the twin fits.
    world.tool("eu-unstrip", "root/usr/bin/hello", fetched, "-o", "joined")
    check("greet.c" in world.tool("eu-readelf", "--debug-dump=info", "joined").out, "the source's name in the joined program")
    (world.folder / "core").write_bytes(core_of((world.folder / "greet").read_bytes()))
    check(wanted in world.tool("eu-unstrip", "-n", "--core", "core").out, "a core that elfutils reads")
    by_core = world.slipway("debug", "fetch", "--to", "two", "oci:images:latest", "core").out.strip()
    check_equal(by_core, str(world.folder / "two" / path), "where the file of the core is")
    check_equal(open(by_core, "rb").read(), open(fetched, "rb").read(), "the same file")

    world.slipway("debug", "fetch", "oci:images:latest", "abcdef01", status=13)
    ended = world.slipway("debug", "fetch", "oci:images:latest", "plain.txt", status=2)
    check("not a core dump" in ended.err, ended.err)
    ended = world.slipway("debug", "find", "oci:images:latest", wanted, status=2)
    check(f"run: slipway debug fetch oci:images:latest {wanted}" in ended.err, ended.err)


def test_it_goes_to_registries_and_stays_with_the_build(world):
    compile_hello(world)
    registry = world.registry()
    world.write("slipway.yaml", RECIPE.replace("oci:./images", f"{registry.host}/team/hello"))
    image = world.slipway("build", "--push", "-q").digest
    wanted = build_id(world)
    # A copy without what is attached: it is found where the build was pushed to.
    world.slipway("copy", f"{registry.host}/team/hello@{image}", f"{registry.host}/prod/hello:v1")
    fetched = world.slipway("debug", "fetch", "--to", "out", f"{registry.host}/prod/hello:v1", wanted).out.strip()
    sums = hashlib.sha256(open(fetched, "rb").read()).hexdigest()
    world.slipway("copy", "--referrers", f"{registry.host}/team/hello:latest", "oci:mirror:v1")
    again = world.slipway("debug", "fetch", "--to", "again", "oci:mirror:v1", wanted).out.strip()
    check_equal(hashlib.sha256(open(again, "rb").read()).hexdigest(), sums, "the copied file")


def test_a_program_without_a_build_id_stays_whole(world):
    compile_hello(world, "-Wl,--build-id=none")
    world.write("slipway.yaml", RECIPE)
    ended = world.slipway("build", "--push")
    check("has no build-id" in ended.err, ended.err)
    check_equal(world.slipway("referrers", "oci:images:latest").out, "", "what is attached")
    world.slipway("unpack", "oci:images:latest", "root")
    check_equal((world.folder / "root/usr/bin/hello").read_bytes(), (world.folder / "greet").read_bytes(), "the program")


def test_a_missing_eu_strip_is_named(world):
    compile_hello(world)
    world.write("slipway.yaml", RECIPE)
    (world.folder / "bin").mkdir()
    ended = world.slipway("build", "--push", status=1, env={"PATH": str(world.folder / "bin")})
    check("needs eu-strip" in ended.err and "elfutils" in ended.err, ended.err)
