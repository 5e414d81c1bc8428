"""`why`: which layer has a file, and who needs it."""
from harness import check, check_equal


def two_libraries(world):
    """A program that needs libouter, which needs libinner, in three layers; the last build of a project."""
    world.write("inner.c", "int inner(void) { return 1; }\n")
    world.write("outer.c", "int inner(void);\nint outer(void) { return inner(); }\n")
    world.write("main.c", "int outer(void);\nint main(void) { return outer() - 1; }\n")
    world.tool("cc", "-shared", "-fPIC", "inner.c", "-Wl,-soname,libinner.so.1", "-o", "libinner.so.1.2")
    (world.folder / "libinner.so.1").symlink_to("libinner.so.1.2")
    world.tool("cc", "-shared", "-fPIC", "outer.c", "./libinner.so.1.2", "-Wl,-soname,libouter.so", "-o", "libouter.so")
    world.tool("cc", "main.c", "./libouter.so", "-Wl,-rpath-link,.", "-o", "main")
    world.write("own/lib/notes.txt", "nobody asks for these\n")
    world.tool("mv", "libinner.so.1.2", "libinner.so.1", "own/lib/")
    world.write("slipway.yaml", """\
app: hello
image:
  repository: "oci:./images"
  base: scratch
  platforms: [linux/amd64]
  layers:
    - name: libraries
      files: [{from: own/lib/, to: /usr/lib}, {from: libouter.so, to: /usr/lib/}]
    - name: app
      files: [{from: main, to: /usr/bin/main, mode: "0755"}]
  config: {entrypoint: [/usr/bin/main]}
""")
    world.slipway("build", "--no-check", "--push")


def test_the_chain_from_a_program_to_a_library(world):
    two_libraries(world)
    said = world.slipway("why", "/usr/lib/libinner.so.1").lines
    check_equal(said[0], "/usr/lib/libinner.so.1.2", "where the link leads to")
    check("in layer 1 of 2: sha256:" in said[1], f"its layer in {said}")
    check_equal([line.strip() for line in said if "needs" in line],
                ["/usr/bin/main needs libouter.so", "/usr/lib/libouter.so needs libinner.so.1"], "the chain")
    check("  also /usr/lib/libinner.so.1" in said, f"its other name in {said}")
    document = world.slipway("why", "-o", "json", "oci:images:latest", "usr/lib/libinner.so.1.2").document
    check_equal([(step["path"], step["how"]) for step in document["chain"]],
                [("/usr/bin/main", "needed"), ("/usr/lib/libouter.so", "needed")], "the chain in JSON")


def test_what_no_library_is(world):
    two_libraries(world)
    check("  the image starts it" in world.slipway("why", "/usr/bin/main").lines, "the entrypoint")
    check("no program of the image asks for it" in world.slipway("why", "/usr/lib/notes.txt").out, "a lone file")
    check("in layer 1 of 2" in world.slipway("why", "/usr/lib").out, "a folder")
    ended = world.slipway("why", "/usr/lib/absent.so", status=13)
    check("absent.so" in ended.err, f"what is missing in\n{ended}")
    world.slipway("why", status=2)
    world.slipway("why", "a", "b", "c", status=2)


def test_the_loader_of_a_closure(world):
    world.slipway("build", "--base", "scratch", "--closure", "/usr/bin/env", "--add", "/usr/bin/env:/usr/bin/env", "--to", "oci:out:v1")
    listed = world.slipway("files", "oci:out:v1").lines
    loader = next(path for path in listed if "/ld-linux" in path or "/ld-" in path)
    said = world.slipway("why", "oci:out:v1", loader).out
    check("/usr/bin/env is started by /lib" in said, f"who starts it in\n{said}")
    libc = next(path for path in listed if path.endswith("/libc.so.6"))
    check("  /usr/bin/env needs libc.so.6" in world.slipway("why", "oci:out:v1", libc).lines, "who needs libc")
