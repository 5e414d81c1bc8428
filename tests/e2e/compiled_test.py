"""What C++ projects do with slipway: layers by churn, the loader's cache, slipway.yaml written from a build."""
import shutil
import struct

import bundles
from harness import ROOT, check, check_equal

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
    plan = [line.split('"')[1] for line in ended.err.splitlines() if line.startswith('layer "')]
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


def cache_entries(path):
    """What an ld.so.cache has, in its order: word, name and path of each library."""
    data = path.read_bytes()
    check_equal(data[:20], b"glibc-ld.so.cache1.1", "the cache's first bytes")
    count, strings, flags = struct.unpack_from("<IIB", data, 20)
    check_equal(flags, 2, "the byte order")
    def text(at):
        return data[at:data.index(b"\0", at)].decode()
    check(48 + 24 * count + strings <= len(data), "all strings to be there")
    rows = [struct.unpack_from("<iIIIQ", data, 48 + 24 * i) for i in range(count)]
    return [(word, text(name), text(path), system, processor) for word, name, path, system, processor in rows]


def foreign_folder(world):
    """A root folder whose ld.so.conf names a folder of its own, with a library there that a program needs."""
    root = world.folder / "sysroot"
    for path in world.slipway("closure", "-o", "json", "/usr/bin/sort").document["programs"][0]["files"]:
        to = root / path["path"][1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path["path"], to)
    (root / "opt/odd/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/ld.so.conf").write_text("/opt/odd/lib\n")
    world.write("greeting.c", LIBRARY)
    world.write("hello.c", PROGRAM.replace("#include <zlib.h>\n", "").replace("zlibVersion()[0] == '1'", "1"))
    for name in ("libgreeting.so.1", "libgreeting.so.10", "libgreeting.so.9"):
        world.tool("gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", root / "opt/odd/lib" / name, "greeting.c")
    world.tool("gcc", '-DTEXT="cached"', "-o", "hello", "hello.c", root / "opt/odd/lib/libgreeting.so.1", "-Wl,-z,now")
    return root


def test_a_library_in_a_folder_of_its_own_is_found_through_the_cache(world):
    root = foreign_folder(world)
    world.slipway("build", "--base", "scratch", "--closure", "hello", "--dlopen", "libgreeting.so.9", "--dlopen", "libgreeting.so.10",
                  "--sysroot", root, "--runtime", "ld.so.cache", "--add", "hello:/bin/hello", "--entrypoint", "/bin/hello", "--to", "oci:out:v1")
    world.slipway("unpack", "oci:out:v1", "root")
    unpacked = world.folder / "root"
    check(not (unpacked / "lib/x86_64-linux-gnu/libgreeting.so.1").exists(), "no symlink beside the C library")
    ours = cache_entries(unpacked / "etc/ld.so.cache")
    check_equal((unpacked / "etc/ld.so.conf").read_text(), "/opt/odd/lib\n", "the folders that ldconfig would search")
    # ldconfig itself over the same files; Debian's loader knows the multiarch folders, its ldconfig gets them from ld.so.conf.
    (unpacked / "etc/ld.so.cache").unlink()
    (unpacked / "etc/ld.so.conf").write_text("/opt/odd/lib\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n")
    world.tool("/sbin/ldconfig", "-r", unpacked)
    theirs = cache_entries(unpacked / "etc/ld.so.cache")
    check_equal(ours, theirs, "the entries that ldconfig writes, in its order")
    check_equal(ours[0][0], 0x0303, "the machine's word")
    started = bundles.run(world, "out", "v1")
    if started:
        check_equal((started.status, started.out), (0, "hello, cached 1\n"), f"the program's words\n{started}\n")


def test_programs_get_the_locale_they_ask_for(world):
    world.write("locale.c", '#include <locale.h>\n#include <stdio.h>\nint main(void) { puts(setlocale(LC_ALL, "C.UTF-8") ? "utf-8" : "none"); return 0; }\n')
    world.tool("gcc", "-o", "locale", "locale.c")
    for tag, runtime, said in (("with", "auto", "utf-8"), ("without", "minimal", "none")):
        world.slipway("build", "--base", "scratch", "--closure", "locale", "--runtime", runtime, "--add", "locale:/locale",
                      "--entrypoint", "/locale", "--to", f"oci:out:{tag}")
        started = bundles.run(world, "out", tag)
        if started:
            check_equal(started.out, said + "\n", f"what the program finds with 'runtime: {runtime}'")


def compiles(world, path, text="hello"):
    """A program at a path, as a build system would have made it."""
    to = world.folder / path
    to.parent.mkdir(parents=True, exist_ok=True)
    world.write("made.c", f'#include <stdio.h>\nint main(void) {{ puts("{text}"); return 0; }}\n')
    world.tool("gcc", "-Wl,-z,now", "-o", to, "made.c")
    (world.folder / "made.c").unlink()


def started_as_written(world, text="hello"):
    """Builds what init wrote, unchanged, and starts it."""
    world.slipway("build", "--push")
    started = bundles.run(world, "images", "latest")
    if started:
        check_equal((started.status, started.out), (0, text + "\n"), f"the program's words\n{started}\n")


def test_init_finds_what_cmake_built_and_what_it_installed(world):
    world.write("CMakeLists.txt", """cmake_minimum_required(VERSION 3.25)
project(greeter LANGUAGES C)
add_library(words SHARED words.c)
add_executable(greeter greeter.c)
target_link_libraries(greeter PRIVATE words)
set_target_properties(greeter PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
install(TARGETS greeter words RUNTIME COMPONENT run LIBRARY COMPONENT run NAMELINK_SKIP)
install(FILES words.c DESTINATION include COMPONENT dev)
""")
    world.write("words.c", 'const char* words(void) { return "from cmake"; }\n')
    world.write("greeter.c", '#include <stdio.h>\nconst char* words(void);\nint main(void) { puts(words()); return 0; }\n')
    check("build first" in world.slipway("init", status=13).err, "the way out where nothing was built")
    world.tool("cmake", "-S", ".", "-B", "build", "-G", "Ninja")
    world.tool("cmake", "--build", "build")
    check("CMake's build tree build" in world.slipway("init", "--dry-run").out, "the build tree to be found")
    world.tool("cmake", "--install", "build", "--prefix", world.folder / "out")
    world.tool("cmake", "--install", "build", "--prefix", world.folder / "out", "--component", "run")
    check("install_manifest_run.txt" in world.slipway("init", "--component", "run", "--dry-run").out, "the component")
    world.slipway("init")
    text = (world.folder / "slipway.yaml").read_text()
    check("build/install_manifest.txt" in text and "/usr/local/bin/greeter" in text and "/include/words.c, to" not in text and "# Left out: for developers" in text, text)
    started_as_written(world, "from cmake")
    files = world.slipway("files", "oci:images:latest").lines
    check("/usr/local/lib/libwords.so" in files and "/usr/local/bin/greeter" in files, f"the installed files among {files}")
    check_equal(world.slipway("init", status=2).out, "", "nothing where a file is there")
    check_equal((world.folder / "slipway.yaml").read_text(), text, "the file")
    world.slipway("release", "staging")
    world.slipway("promote", "staging", "production")
    # Without the manifest the prefix is still one.
    (world.folder / "build/install_manifest.txt").unlink()
    world.slipway("init", "--force")
    check("the install prefix out" in (world.folder / "slipway.yaml").read_text(), "the prefix to be found")
    started_as_written(world, "from cmake")


def test_init_finds_meson_cargo_and_bazel(world):
    for kind in ("meson", "cargo", "bazel"):
        folder = world.folder / f"My {kind} Project"
        folder.mkdir()
        if kind == "meson":
            compiles(world, folder / "builddir/hello", kind)
            (folder / "builddir/meson-info").mkdir()
            (folder / "builddir/meson-info/intro-installed.json").write_text(
                f'{{"{folder}/builddir/hello": "/usr/bin/hello", "{folder}/gone.h": "/usr/include/gone.h"}}')
        elif kind == "cargo":
            (folder / "Cargo.toml").write_text('[package]\nname = "hello"\n')
            compiles(world, folder / "target/release/hello", kind)
            compiles(world, folder / "target/release/deps/hello-0123", kind)
        else:
            compiles(world, folder / "cache/app/hello", kind)
            (folder / "bazel-bin").symlink_to(folder / "cache")
        ended = world.slipway("init", cwd=folder)
        text = (folder / "slipway.yaml").read_text()
        check(f"app: my-{kind}-project" in text and kind in ended.err.lower(), f"what init found\n{ended}\n{text}")
        world.slipway("build", "--push", "--to", f"oci:{world.folder}/images:{kind}", cwd=folder)
        started = bundles.run(world, "images", kind)
        if started:
            check_equal((started.status, started.out), (0, kind + "\n"), f"the program's words\n{started}\n")


ICONV = """#include <iconv.h>
#include <stdio.h>
int main(void) { puts(iconv_open("UTF-8", "ISO-8859-15") == (iconv_t)-1 ? "no" : "yes"); return 0; }
"""


def test_what_programs_load_by_known_rules_is_told_of_and_taken_when_asked(world):
    world.write("convert.c", ICONV)
    world.tool("gcc", "-Wl,-z,now", "-o", "convert", "convert.c")
    for tag, options, said in (("without", [], "no"), ("auto", ["--profile", "auto"], "yes"), ("named", ["--profile", "iconv"], "yes")):
        ended = world.slipway("build", "--base", "scratch", "--closure", "convert", "--add", "convert:/convert", *options,
                              "--entrypoint", "/convert", "--to", f"oci:out:{tag}")
        check_equal("profiles: [iconv]" in ended.err, tag == "without", f"whether the profile is advised\n{ended}\n")
        started = bundles.run(world, "out", tag)
        if started:
            check_equal(started.out, said + "\n", f"whether another character set is known: {tag}")
    world.slipway("build", "--base", "scratch", "--closure", "convert", "--profile", "iconf", "--to", "oci:out:x", status=2)


def test_a_symbol_that_nobody_has_is_found_on_request(world):
    world.write("lost.c", "void nowhere(void);\nvoid lost(void) { nowhere(); }\n")
    world.write("main.c", "void lost(void);\nint main(int c, char** v) { (void)v; if (c > 5) lost(); return 0; }\n")
    (world.folder / "lib").mkdir()
    world.tool("gcc", "-shared", "-fPIC", "-Wl,-soname,liblost.so", "-o", "lib/liblost.so", "lost.c")
    world.tool("gcc", "-Wl,-z,now,-rpath,$ORIGIN/lib,--unresolved-symbols=ignore-all", "-o", "main", "main.c", "lib/liblost.so")
    build = ["build", "--base", "scratch", "--closure", "main", "--add", "main:/main", "--to", "oci:out:v1"]
    world.slipway(*build)
    ended = world.slipway(*build, "--check-symbols", status=12)
    check("liblost.so needs the symbol nowhere" in ended.err, ended.err)
    world.slipway("closure", "--check-symbols", "main", status=12)
    world.slipway("closure", "--check-symbols", "/usr/bin/git", "/usr/bin/curl")


def test_the_example_becomes_a_small_image_without_a_line_that_lists_a_library(world):
    folder = world.folder / "hello-service"
    shutil.copytree(ROOT / "examples/hello-service", folder, ignore=shutil.ignore_patterns("build", "images*", ".slipway"))
    check(".so" not in (folder / "slipway.yaml").read_text(), "no library in slipway.yaml")
    world.tool("cmake", "-S", ".", "-B", "build", "-G", "Ninja", cwd=folder)
    world.tool("cmake", "--build", "build", cwd=folder)
    digest = world.slipway("build", "--push", "-q", cwd=folder).digest
    manifest = world.slipway("manifest", f"oci:images@{digest}", cwd=folder).document
    size = sum(layer["size"] for layer in manifest["layers"])
    unpacked = sum(file.stat().st_size for file in unpack(world, folder, digest).rglob("*") if file.is_file() and not file.is_symlink())
    check(size < 15_000_000 and unpacked < 15_000_000, f"an image under 15 MB, not {size} and {unpacked} bytes")
    world.note(f"{size} bytes packed, {unpacked} unpacked")


def unpack(world, folder, digest):
    world.slipway("unpack", f"oci:images@{digest}", "root", cwd=folder)
    return folder / "root"
