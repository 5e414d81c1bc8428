"""Programs and trees of twelve ecosystems: init writes a recipe, build packs it, a container runs it as the host does."""
import os
import shutil

import bundles
from harness import check, check_equal

GREETING = "hello from a file\n"
C_PROGRAM = """#include <stdio.h>
#include <stdlib.h>
const char* word(void);
int main(void) {
  char line[64] = "";
  FILE* file = fopen(DATA, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) return 1;
  printf("%s %s", word(), line);
  return 0;
}
"""
C_LIBRARY = 'const char* word(void) { return "library:"; }\n'


def project(world, name):
    folder = world.folder / name
    folder.mkdir()
    return folder


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)


def base_of(world, interpreter):
    """A layout with an interpreter of this machine, which brings its libraries and its library tree."""
    words = ["build", "--base", "scratch", "--closure", interpreter, "--add", f"{interpreter}:{interpreter}:0755",
             "--runtime", "minimal", "--compression", "gzip:fast"]
    name = os.path.basename(interpreter)
    world.slipway(*words, "--no-check", "--to", f"oci:{world.folder}/{name}-base:v1")
    return f"oci:{world.folder}/{name}-base:v1"


def run_packed(world, folder, said, args=(), base=None, edit=None):
    """Packs a project as init says, and runs it: it must say what it says on this machine."""
    world.slipway("init", cwd=folder)
    recipe = folder / "slipway.yaml"
    text = recipe.read_text()
    if base is not None:
        lines = [f"  base: {base}" if line.startswith("  base:") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    text = text.replace("image:\n", "image:\n  compression: {level: fast}\n")
    recipe.write_text(edit(text) if edit else text)
    ended = world.slipway("build", "--to", f"oci:{folder}/packed:v1", cwd=folder)
    started = bundles.run(world, folder / "packed", "v1", args)
    if started:
        check_equal((started.status, started.out), (0, said), f"what {folder.name} says in a container, from\n{text}\n{started}\n")
    return text, ended


def test_c_with_autotools(world):
    folder = project(world, "greet")
    write(folder, {
        "configure.ac": "AC_INIT([greet], [1.0])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
        "Makefile.am": "bin_PROGRAMS = greet\ngreet_SOURCES = greet.c word.c\ngreet_CPPFLAGS = -DDATA='\"$(pkgdatadir)/greeting\"'\n"
                       "dist_pkgdata_DATA = greeting\n",
        "greet.c": C_PROGRAM, "word.c": C_LIBRARY, "greeting": GREETING})
    world.tool("autoreconf", "-i", cwd=folder)
    world.tool("sh", "configure", "--prefix=/usr", "--disable-dependency-tracking", cwd=folder)
    world.tool("make", "install", f"DESTDIR={folder}/out", cwd=folder)
    run_packed(world, folder, "library: " + GREETING)


def test_cplusplus_with_cmake(world):
    folder = project(world, "greet")
    write(folder, {
        "CMakeLists.txt": """cmake_minimum_required(VERSION 3.18)
project(greet CXX)
include(GNUInstallDirs)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/greet")
add_library(word SHARED word.cpp)
set_target_properties(word PROPERTIES VERSION 1.2.3 SOVERSION 1)
add_executable(greet greet.cpp)
target_link_libraries(greet word)
install(TARGETS greet)
install(TARGETS word LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/greet)
install(FILES greeting DESTINATION share/greet)
install(CODE "file(CREATE_LINK greet \\$ENV{DESTDIR}\\${CMAKE_INSTALL_PREFIX}/bin/hello SYMBOLIC)")
""",
        "word.cpp": '#include <string>\nstd::string word() { return "library:"; }\n',
        "greet.cpp": '#include <fstream>\n#include <iostream>\n#include <string>\nstd::string word();\nint main() {\n'
                     '  std::ifstream file("/usr/share/greet/greeting");\n  std::string line;\n  std::getline(file, line);\n'
                     "  std::cout << word() << ' ' << line << std::endl;\n}\n",
        "greeting": GREETING})
    world.tool("cmake", "-S", ".", "-B", "build", "-DCMAKE_INSTALL_PREFIX=/usr", "-DCMAKE_BUILD_TYPE=Release", cwd=folder)
    world.tool("cmake", "--build", "build", cwd=folder)
    world.tool("cmake", "--install", "build", cwd=folder, env={"DESTDIR": f"{folder}/pkg"})
    run_packed(world, folder, "library: " + GREETING)


def test_c_with_meson(world):
    folder = project(world, "greet")
    write(folder, {
        "meson.build": "project('greet', 'c')\nword = shared_library('word', 'word.c', version: '1.2.3', install: true)\n"
                       "executable('greet', 'greet.c', link_with: word, install: true, c_args: '-DDATA=\"/usr/share/greet/greeting\"')\n"
                       "install_data('greeting', install_dir: 'share/greet')\n"
                       "install_symlink('hello', install_dir: 'bin', pointing_to: 'greet')\n",
        "word.c": C_LIBRARY, "greet.c": C_PROGRAM, "greeting": GREETING})
    world.tool("meson", "setup", "build", "--prefix=/usr", cwd=folder)
    world.tool("meson", "compile", "-C", "build", cwd=folder)
    text, _ = run_packed(world, folder, "library: " + GREETING)
    check("link: libword.so.1.2.3" in text, text)
    check("meson does not tell" in text and "/usr/bin/hello" in text, text)


def test_rust(world):
    folder = project(world, "rg")
    write(folder, {"Cargo.toml": '[package]\nname = "rg"\nversion = "1.0.0"\n', "src/main.rs": "fn main() {}\n"})
    (folder / "target/release").mkdir(parents=True)
    shutil.copy("/usr/bin/rg", folder / "target/release/rg")
    run_packed(world, folder, world.tool("rg", "--version").out, args=["--version"])


def test_go(world):
    folder = project(world, "umoci")
    write(folder, {"go.mod": "module example.com/umoci\n\ngo 1.19\n", "main.go": "package main\n\nfunc main() {}\n"})
    shutil.copy(shutil.which("umoci"), folder / "umoci")
    run_packed(world, folder, world.tool("umoci", "--version").out, args=["--version"])


def test_python_with_native_modules(world):
    folder = project(world, "service")
    shutil.copytree("/usr/lib/python3/dist-packages/yaml", folder / "vendor/yaml")
    write(folder, {"requirements.txt": "pyyaml\n",
                   "app.py": "import sqlite3, sys, yaml\nfrom yaml import CSafeLoader\n"
                             "print(yaml.load('a: [1, 2]', CSafeLoader), sqlite3.connect(':memory:').execute('select 3').fetchone()[0])\n"})
    python = os.path.realpath("/usr/bin/python3")
    run_packed(world, folder, "{'a': [1, 2]} 3\n", base=base_of(world, python), edit=lambda text: text.replace(
        "[python3,", f"[{python},").replace("workdir: /app\n", "workdir: /app\n    env: {PYTHONPATH: /app/vendor}\n"))


def test_perl(world):
    folder = project(world, "count")
    write(folder, {"out/usr/bin/count": "#!/usr/bin/perl\nuse strict;\nuse List::Util qw(sum);\nuse POSIX qw(floor);\n"
                                        "printf \"%d %d\\n\", sum(1, 2, 3), floor(2.5);\n",
                   "Makefile": "install:\n"})
    run_packed(world, folder, "6 2\n")


def test_node(world):
    folder = project(world, "service")
    write(folder, {"package.json": '{"name": "service", "version": "1.0.0", "scripts": {"start": "node server.js"}, '
                                   '"dependencies": {"left": "1.0.0"}}',
                   "server.js": "console.log(require('left')('x'), process.version);\n",
                   "node_modules/left/package.json": '{"name": "left", "version": "1.0.0", "main": "index.js"}',
                   "node_modules/left/index.js": "module.exports = (text) => 'left' + text;\n"})
    run_packed(world, folder, "leftx " + world.tool("node", "--version").out, base=base_of(world, "/usr/bin/node"))


def test_a_bazel_output_tree(world):
    folder, outputs = project(world, "greet"), project(world, "cache")
    write(folder, {"MODULE.bazel": "", "BUILD.bazel": "", "greeting": GREETING})
    write(outputs, {"word.c": C_LIBRARY, "greet.c": C_PROGRAM})
    binaries = outputs / "execroot/_main/bazel-out/k8-opt/bin"
    (binaries / "_solib_k8").mkdir(parents=True)
    runfiles = binaries / "greet.runfiles/_main"
    (runfiles / "_solib_k8").mkdir(parents=True)
    world.tool("gcc", "-shared", "-fPIC", "-o", binaries / "libword.so", "word.c", cwd=outputs)
    (binaries / "_solib_k8/libword.so").symlink_to(binaries / "libword.so")
    world.tool("gcc", '-DDATA="/proc/self/cwd/greeting"', "-Wl,-rpath,$ORIGIN/_solib_k8/", "-o", binaries / "greet", "greet.c",
               f"-L{binaries}", "-lword", cwd=outputs)
    (runfiles / "greet").symlink_to(binaries / "greet")
    (runfiles / "greeting").symlink_to(folder / "greeting")
    (runfiles / "_solib_k8/libword.so").symlink_to(binaries / "libword.so")
    write(binaries, {"greet.runfiles_manifest": f"_main/greet {binaries}/greet\n", "greet.runfiles/MANIFEST": "x\n"})
    (folder / "bazel-bin").symlink_to(binaries)
    run_packed(world, folder, "library: " + GREETING)


def test_a_busybox_root(world):
    folder = project(world, "shell")
    (folder / "out/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "out/bin/busybox")
    for name in ("sh", "echo", "cat"):
        (folder / "out/bin" / name).symlink_to("busybox")
    write(folder, {"out/usr/bin/shell": "#!/bin/sh\necho $((40 + 2))\ncat /etc/motd\n", "out/etc/motd": GREETING})
    run_packed(world, folder, "42\n" + GREETING)


def test_a_root_with_merged_usr(world):
    folder = project(world, "greet")
    write(folder, {"word.c": C_LIBRARY, "greet.c": C_PROGRAM, "out/usr/share/greeting": GREETING})
    for name in ("bin", "lib", "lib64", "sbin"):
        (folder / "out/usr" / name).mkdir(parents=True, exist_ok=True)
        (folder / "out" / name).symlink_to("usr/" + name)
    world.tool("gcc", '-DDATA="/usr/share/greeting"', "-o", "out/bin/greet", "greet.c", "word.c", cwd=folder)
    run_packed(world, folder, "library: " + GREETING)


def test_a_program_with_data_behind_it(world):
    folder = project(world, "selfread")
    write(folder, {"selfread.c": """#include <stdio.h>
int main(void) {
  char tail[19] = {0};
  FILE* self = fopen("/proc/self/exe", "rb");
  if (self == NULL || fseek(self, -18, SEEK_END) != 0 || fread(tail, 1, 18, self) != 18) return 1;
  printf("%s", tail);
  return 0;
}
""", "Makefile": "all:\n"})
    world.tool("gcc", "-g", "-o", "selfread", "selfread.c", cwd=folder)
    with open(folder / "selfread", "ab") as file:
        file.write(b"squashfs" * 100 + GREETING.encode())
    run_packed(world, folder, GREETING, edit=lambda text: text.replace("image:\n", "image:\n  debug: split\n"))
