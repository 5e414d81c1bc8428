"""Closures: the loader's own answer is the truth, and images made of them start."""
import json
import os
import pathlib
import re
import subprocess
import time

import bundles
from harness import check, check_equal

LOADED = re.compile(r"^\s*(?:\S+ => )?(/\S+)(?: => ld\.so)? \(0x", re.M)


def elf_programs(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        try:
            with path.open("rb") as file:
                if path.is_file() and file.read(4) == b"\x7fELF":
                    yield str(path)
        except OSError:
            continue


def loaded_by(program):
    """What ld.so would map, hwcaps variants as their baseline; None where it refuses the program."""
    ended = subprocess.run(["ld.so", "--list", program], capture_output=True, text=True, check=False)
    if ended.returncode:
        return None
    return {re.sub(r"/glibc-hwcaps/[^/]+/", "/", path) for path in LOADED.findall(ended.stdout)}


def test_every_program_of_this_machine_has_the_closure_that_its_loader_says(world):
    programs = list(elf_programs("/usr/bin"))
    started = time.monotonic()
    document = world.slipway("closure", "-o", "json", *programs).document
    world.note(f"{len(programs)} programs in {time.monotonic() - started:.2f} s")
    wrong, compared = [], 0
    for closure in document["programs"]:
        want = loaded_by(closure["program"])
        if want is None:
            continue
        compared += 1
        got = {file["path"] for file in closure["files"] if not file["atRunTime"]}
        if want != got:
            wrong.append(f"{closure['program']}: missing {sorted(want - got)}, too many {sorted(got - want)}")
    check(not wrong, f"the closures that ld.so lists, but of {compared} differ\n" + "\n".join(wrong[:20]))
    check(compared > len(programs) / 2, f"most of {len(programs)} programs to be comparable, not {compared}")


def scratch(world, tag, program, *more):
    world.slipway("build", "--base", "scratch", "--add", f"{os.path.realpath(program)}:{program}", "--closure", program, *more,
                  "--entrypoint", program, "--to", f"oci:out:{tag}")


def test_programs_of_debian_start_from_scratch(world):
    postgres = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))[-1]
    programs = {"/usr/bin/curl": "curl ", "/usr/bin/git": "git version", "/usr/bin/python3": "Python 3", "/usr/sbin/nginx": "nginx version",
                str(postgres): f"postgres (PostgreSQL) {postgres.parts[4]}", "/usr/bin/qemu-system-x86_64": "QEMU emulator"}
    for program, version in programs.items():
        scratch(world, "v1", program)
        ended = bundles.run(world, "out", "v1", args=["-v" if program.endswith("nginx") else "--version"])
        if ended:
            check_equal(ended.status, 0, f"the status of {program}\n{ended}\n")
            said = ended.out + ended.err
            check(version in said[:len(version) + 8], f"{version!r} from {program}, not {said[:80]!r}")


LIBRARY = 'const char* greeting(void) { return "from the library"; }\n'
PROGRAM = "#include <stdio.h>\nextern const char* greeting(void);\nint main(void) { puts(greeting()); }\n"


def test_an_install_tree_with_its_own_library(world):
    world.write("greet.c", LIBRARY)
    world.write("main.c", PROGRAM)
    (world.folder / "tree/bin").mkdir(parents=True)
    (world.folder / "tree/lib").mkdir()
    world.tool("cc", "-shared", "-fPIC", "-Wl,-soname,libgreet.so.1", "greet.c", "-o", "tree/lib/libgreet.so.1")
    world.tool("cc", "main.c", "tree/lib/libgreet.so.1", "-Wl,-rpath,$ORIGIN/../lib", "-o", "tree/bin/greet")
    # Only the program is packed: its library follows, where the program will look for it.
    world.slipway("build", "--base", "scratch", "--add", "tree/bin/greet:/opt/app/bin/greet", "--closure", "tree/bin/greet",
                  "--entrypoint", "/opt/app/bin/greet", "--to", "oci:out:v1")
    strict = world.slipway("build", "--base", "scratch", "--add", "tree/bin/greet:/opt/app/bin/greet", "--closure",
                           "tree/bin/greet", "--strict", "--to", "oci:strict:v1", status=12)
    check("-z,now" in strict.err, f"the lazy binding to be refused in {strict.err}")
    why = world.slipway("build", "--dry-run", "--explain", "--base", "scratch", "--add", "tree/bin/greet:/opt/app/bin/greet",
                        "--closure", "tree/bin/greet", "--to", "oci:why:v1")
    check("/opt/app/lib/libgreet.so.1 is in layer \"closure\" for " in why.err and "/opt/app/bin/greet needs it" in why.err,
          f"the reason in {why.err}")
    files = world.slipway("files", "oci:out:v1").lines
    check("/opt/app/lib/libgreet.so.1" in files, f"the library beside the program in {files}")
    # The whole tree is packed: nothing of it comes twice.
    world.slipway("build", "--base", "scratch", "--add", "tree:/opt/app", "--closure", "tree", "--entrypoint",
                  "/opt/app/bin/greet", "--to", "oci:out:v2")
    check_equal([line for line in world.slipway("files", "oci:out:v2").lines if "libgreet" in line],
                ["/opt/app/lib/libgreet.so.1"], "the places of the library")
    for tag in ("v1", "v2"):
        ended = bundles.run(world, "out", tag)
        if ended:
            check_equal((ended.status, ended.out), (0, "from the library\n"), f"the container of {tag}\n{ended}\n")


def test_a_newer_library_than_the_base_has_is_refused(world):
    for tag in ("old", "new"):
        world.write(f"{tag}.map", "OWN_1 { *; };\n" + ("OWN_2 { more; } OWN_1;\n" if tag == "new" else ""))
        world.write(f"{tag}.c", "int less(void) { return 1; }\n" + ("int more(void) { return 2; }\n" if tag == "new" else ""))
        (world.folder / tag).mkdir()
        world.tool("cc", "-shared", "-fPIC", "-Wl,-soname,libown.so.1", f"-Wl,--version-script,{tag}.map", f"{tag}.c",
                   "-o", f"{tag}/libown.so.1")
    world.write("use.c", "extern int more(void);\nint main(void) { return more() - 2; }\n")
    world.tool("cc", "use.c", "new/libown.so.1", "-Wl,-rpath,/opt/own", "-o", "use")
    # The base has the C library and an old version of the program's own.
    world.slipway("build", "--base", "scratch", "--add", "old/libown.so.1:/opt/own/libown.so.1", "--closure", "/bin/true",
                  "--to", "oci:base:v1")
    refused = world.slipway("build", "--base", "oci:base:v1", "--add", "use:/bin/use", "--closure", "use", "--to", "oci:out:v1",
                            status=12)
    for part in ("/bin/use needs OWN_2 of libown.so.1", "the base", "nothing newer than OWN_1", "hint: build against"):
        check(part in refused.err, f"{part!r} in {refused.err}")
    check(not (world.folder / "out").exists(), "nothing to be published")
    world.slipway("build", "--base", "oci:base:v1", "--add", "use:/bin/use", "--add", "new/libown.so.1:/opt/own/libown.so.1",
                  "--closure", "use", "--entrypoint", "/bin/use", "--to", "oci:out:v1")
    files = json.loads(world.slipway("files", "-o", "json", "oci:out:v1").out)["files"]
    check_equal(len([file for file in files if file["path"].endswith("/libc.so.6")]), 1, "C libraries: the base's")
    ended = bundles.run(world, "out", "v1")
    if ended:
        check_equal(ended.status, 0, f"the status\n{ended}\n")


def packages_of(paths):
    """The names of the packages that dpkg says files are from, under whatever names those were installed."""
    names = {name for path in paths for name in (path, path.removeprefix("/usr"))}
    ended = subprocess.run(["dpkg-query", "--search", *sorted(names)], capture_output=True, text=True, check=False)
    return {line.split(":")[0] for line in ended.stdout.splitlines() if line.rsplit(" ", 1)[1] in names}


def test_an_image_names_the_debian_packages_that_its_files_are_from(world):
    scratch(world, "v1", "/usr/bin/curl", "--runtime", "auto")
    files = world.slipway("files", "oci:out:v1").lines
    prefix = "/var/lib/dpkg/status.d/"
    named = {line.removeprefix(prefix) for line in files if line.startswith(prefix)}
    programs = [line for line in files if ".so" in line or line == "/usr/bin/curl"]
    with_sums = {name.removesuffix(".md5sums") for name in named if name.endswith(".md5sums")}
    named = {name for name in named if not name.endswith(".md5sums")}
    check_equal(with_sums, named, "packages whose files have sums")
    check_equal(named, packages_of(map(os.path.realpath, programs)), "the packages")
    stanza = world.slipway("cat", "oci:out:v1", prefix + "curl").out
    version = world.tool("dpkg-query", "--show", "--showformat=${Version}", "curl").out
    check(f"\nVersion: {version}\n" in stanza, f"version {version} in {stanza}")
    for path in ("/etc/passwd", "/etc/ssl/certs/ca-certificates.crt", "/tmp"):
        check(path in files, f"{path} in {files}")


MACHINES = {"aarch64-linux-gnu": ("linux/arm64", "/lib/ld-linux-aarch64.so.1", 0x0A03),
            "riscv64-linux-gnu": ("linux/riscv64", "/lib/ld-linux-riscv64-lp64d.so.1", 0x1003),
            "arm-linux-gnueabihf": ("linux/arm/v7", "/lib/ld-linux-armhf.so.3", 0x0903)}


def test_other_machines_programs_get_their_closure_from_their_sysroot(world):
    world.write("hello.c", "int puts(const char*);\nvoid exit(int);\ndouble cos(double);\nvolatile double one = 1;\n"
                           "void _start(void) { puts(cos(one) > 0 ? \"a\" : \"b\"); exit(0); }\n")
    for triple, (platform, loader, word) in MACHINES.items():
        libraries = f"/usr/{triple}/lib"
        abi = ["-mabi=lp64d", "-march=rv64gc"] if triple.startswith("riscv") else []
        world.tool("clang", f"--target={triple}", *abi, "-O1", "-ffreestanding", "-fuse-ld=lld", "-nostdlib", "-Wl,-z,now", f"-Wl,-dynamic-linker,{loader}", "-o",
                   "hello", "hello.c", f"{libraries}/libc.so.6", f"{libraries}/libm.so.6", cwd=world.folder)
        world.slipway("build", "--base", "scratch", "--closure", "hello", "--sysroot", f"/usr/{triple}", "--runtime", "ld.so.cache",
                      "--add", "hello:/bin/hello", "--entrypoint", "/bin/hello", "--to", f"oci:out:{triple}")
        files = [path for path in world.slipway("files", f"oci:out:{triple}").lines if ".so." in path]
        check_equal(files, sorted([loader, "/etc/ld.so.cache", "/lib/libc.so.6", "/lib/libm.so.6"]), f"the closure for {platform}")
        shown = world.slipway("inspect", "-o", "json", f"oci:out:{triple}").out
        check(platform.split("/")[1] in shown, f"the platform {platform} in {shown}")
        world.slipway("unpack", f"oci:out:{triple}", f"root-{triple}")
        cache = (world.folder / f"root-{triple}/etc/ld.so.cache").read_bytes()
        check_equal(int.from_bytes(cache[48:52], "little"), word, f"the word of {platform} in the loader's cache")
    # On this machine's own libraries none of them starts.
    world.slipway("build", "--base", "scratch", "--closure", "hello", "--add", "hello:/bin/hello", "--to", "oci:out:none", status=12)
