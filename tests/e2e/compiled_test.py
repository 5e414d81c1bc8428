"""What C++ projects do with slipway: layers by churn, the loader's cache, slipway.yaml written from a build."""
import bundles
from harness import check, check_equal

LIBRARY = 'const char* greeting(void) { return "hello"; }\n'
PROGRAM = """#include <stdio.h>
#include <zlib.h>
const char* greeting(void);
int main(void) { printf("%s, %s %d\\n", greeting(), TEXT, zlibVersion()[0] == '1'); return 0; }
"""
RECIPE = """app: hello
image:
  repository: "oci:./images"
  layers:
    - name: all
      split: churn
      closure: [out/hello]
      runtime: minimal
      files:
        - {from: out/hello, to: /srv/bin/hello}
        - {from: out/lib, to: /srv/lib}
        - {from: pages, to: /srv/pages}
  config: {entrypoint: [/srv/bin/hello]}
"""


def compile_hello(world, text):
    """A program, a library of its own beside it, and one of the system's."""
    world.write("greeting.c", LIBRARY)
    world.write("hello.c", PROGRAM)
    (world.folder / "out/lib").mkdir(parents=True, exist_ok=True)
    world.tool("gcc", "-shared", "-fPIC", "-Wl,-soname,libgreeting.so.1", "-o", "out/lib/libgreeting.so.1", "greeting.c")
    world.tool("gcc", f'-DTEXT="{text}"', "-Wl,-rpath,$ORIGIN/../lib", "-o", "out/hello", "hello.c", "out/lib/libgreeting.so.1", "-lz")


def layers(world, *options):
    digest = world.slipway("build", "-q", "--push", *options).digest
    return [layer["digest"] for layer in world.slipway("manifest", f"oci:images@{digest}").document["layers"]]


def test_a_changed_program_is_the_only_layer_that_moves(world):
    compile_hello(world, "one")
    world.write("pages/index.html", "page\n")
    world.write("slipway.yaml", RECIPE)
    ended = world.slipway("build", "--push", "--explain")
    plan = [line.split("'")[1] for line in ended.err.splitlines() if line.startswith("note: layer '") or line.startswith("layer '")]
    names = ["all-system", "all-libraries", "all-own-libraries", "all-assets", "all-programs"]
    check_equal(plan, names, "the plan of the layers, the rarest changed lowest")
    check("/lib/x86_64-linux-gnu/libz.so.1" in ended.err.replace("/usr", ""), "the reason of a library")
    first = layers(world)
    check_equal(len(first), 5, "layers")
    started = bundles.run(world, "images", "latest")
    if started:
        check_equal(started.out, "hello, one 1\n", "the program's words")

    compile_hello(world, "two")
    second = layers(world)
    check_equal([old == new for old, new in zip(first, second)], [True] * 4 + [False], "layers that stay")
    world.write("pages/more.html", "page\n")
    check_equal([old == new for old, new in zip(second, layers(world))], [True] * 3 + [False, True], "layers that stay")
