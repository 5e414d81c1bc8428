"""What is packed is what runs: images that cannot start are refused, and nothing that a program reads is lost."""
import bundles
from harness import check, check_equal

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
# Prints the last five bytes of its own file, as self-extracting programs read theirs.
SELF = """#include <stdio.h>
int main(void) {
  char tail[6] = {0};
  FILE* self = fopen("/proc/self/exe", "rb");
  if (self == NULL || fseek(self, -5, SEEK_END) != 0 || fread(tail, 1, 5, self) != 5) return 1;
  puts(tail);
  return 0;
}
"""


def build(world, *options, status=0, entrypoint="/bin/hello", add="hello:/bin/hello:0755"):
    return world.slipway("build", "--base", "scratch", "--add", add, "--entrypoint", entrypoint, *options,
                         "--to", "oci:out:v1", status=status)


def static_hello(world):
    world.write("hello.c", HELLO)
    world.tool("gcc", "-static", "-o", "hello", "hello.c")


def test_an_entrypoint_that_cannot_start_is_refused(world):
    static_hello(world)
    build(world)
    for wrong in ({"entrypoint": "/bin/helo"}, {"add": "hello:/bin/hello:0644"}):
        ended = build(world, status=12, **wrong)
        check("the entrypoint" in ended.err and "hint:" in ended.err, ended.err)
        build(world, "--no-check", **wrong)
    ended = build(world, "--platform", "linux/arm64", status=12)
    check("is for linux/amd64, but the image is for linux/arm64" in ended.err, ended.err)
    world.tool("gcc", "-o", "hello", "hello.c")
    ended = build(world, status=12)
    check("needs the loader" in ended.err and "closure" in ended.err, ended.err)
    build(world, "--closure", "hello")


def test_other_programs_are_warned_about_and_refused_with_strict(world):
    static_hello(world)
    world.write("tool.sh", "#!/bin/sh\n")
    (world.folder / "tool.sh").chmod(0o755)
    ended = build(world, "--add", "tool.sh:/bin/tool.sh")
    check('/bin/tool.sh is a script for "/bin/sh"' in ended.err, ended.err)
    build(world, "--add", "tool.sh:/bin/tool.sh", "--strict", status=12)


def test_a_program_with_data_behind_it_keeps_the_data(world):
    world.write("self.c", SELF)
    world.tool("gcc", "-g", "-static", "-o", "self", "self.c")
    with open(world.folder / "self", "ab") as file:
        file.write(b"some data of its own" * 10 + b"TAILS")
    ended = build(world, "--split-debug", add="self:/bin/hello:0755")
    check("data is appended to it" in ended.err, ended.err)
    started = bundles.run(world, "out", "v1")
    if started:
        check_equal(started.out, "TAILS\n", "what the program reads from its own file")


def test_libraries_of_the_images_library_path_are_found(world):
    world.write("lib.c", 'const char* word(void) { return "word"; }\n')
    world.write("use.c", '#include <stdio.h>\nconst char* word(void);\nint main(void) { puts(word()); return 0; }\n')
    (world.folder / "lib").mkdir()
    world.tool("gcc", "-shared", "-fPIC", "-Wl,-soname,libword.so.1", "-o", "lib/libword.so.1", "lib.c")
    world.tool("gcc", "-o", "use", "use.c", "lib/libword.so.1")
    options = ["--closure", "use", "--add", "lib:/opt/lib"]
    ended = build(world, *options, add="use:/bin/hello:0755", status=12)
    check("libword.so.1" in ended.err, ended.err)
    build(world, *options, "--env", "LD_LIBRARY_PATH=/opt/lib", add="use:/bin/hello:0755")
    started = bundles.run(world, "out", "v1")
    if started:
        check_equal(started.out, "word\n", "the program's words")


def test_init_packs_the_project_and_not_this_machine(world):
    world.write("greet.c", HELLO)
    for path in ("pkg/usr/sbin", "build"):
        (world.folder / path).mkdir(parents=True)
    world.tool("gcc", "-o", "pkg/usr/sbin/env", "greet.c")
    world.write("build/install_manifest.txt", "/usr/sbin/env\n/usr/bin/env\n")
    ended = world.slipway("init", "--app", "env")
    text = (world.folder / "slipway.yaml").read_text()
    check("from: pkg/usr/sbin/env" in text and "from: /usr" not in text, text)
    check("# Left out: not there any more: pkg/usr/bin/env" in text, text)
    check("left out" in ended.err, ended.err)
    world.slipway("build", "--push")
    started = bundles.run(world, "images", "latest")
    if started:
        check_equal(started.out, "hello\n", "the program's words")


def test_init_does_not_write_what_does_not_build(world):
    (world.folder / "build").mkdir()
    world.write("lib.c", "int word(void) { return 1; }\n")
    world.write("use.c", "int word(void);\nint main(void) { return word(); }\n")
    world.tool("gcc", "-shared", "-fPIC", "-Wl,-soname,libgone.so.1", "-o", "libgone.so.1", "lib.c")
    world.tool("gcc", "-o", "build/use", "use.c", "libgone.so.1")
    (world.folder / "libgone.so.1").unlink()
    ended = world.slipway("init", status=12)
    check("libgone.so.1" in ended.err and "--no-try" in ended.err, ended.err)
    check(not (world.folder / "slipway.yaml").exists(), "no recipe that does not build")
    world.slipway("init", "--no-try")
    check((world.folder / "slipway.yaml").exists(), "the recipe to be corrected")


def test_a_cache_that_others_can_write_is_not_believed(world):
    static_hello(world)
    command = ["build", "--base", "scratch", "--add", "hello:/bin/hello", "--entrypoint", "/bin/hello", "--to", "oci:out:v1"]
    env = {"XDG_CACHE_HOME": str(world.folder / "cache")}
    first = world.slipway(*command, env=env)
    check("is not used" not in first.err, first.err)
    (folder,) = (world.folder / "cache").iterdir()
    folder.chmod(0o777)
    second = world.slipway(*command, env=env)
    check("is not used" in second.err, second.err)
    check_equal(second.digest, first.digest, "the image")
