"""The Debian package: accepted by lintian, the same twice, and working where it is unpacked."""
import pathlib

from harness import ROOT, check, check_equal, program


def package(world, name, folder, epoch="1700000000"):
    """A .deb of the program under test, made in a folder of its own."""
    check((folder / "CPackConfig.cmake").exists(), f"{folder} to be a build folder of CMake's")
    world.tool("cpack", "-G", "DEB", "--config", folder / "CPackConfig.cmake", "-B", world.folder / name, cwd=folder,
               env=dict(SOURCE_DATE_EPOCH=epoch))
    return next((world.folder / name).glob("*.deb"))


def test_the_package_is_clean_reproducible_and_works(world):
    folder = pathlib.Path(program()).parent
    first = package(world, "first", folder)
    check_equal(package(world, "second", folder).read_bytes(), first.read_bytes(), "the package made again")
    said = world.tool("lintian", "--allow-root", "--fail-on", "error,warning", first)
    check_equal([line for line in said.lines if line[:1] in "EW"], [], "what lintian says")
    world.tool("dpkg-deb", "-x", first, "root")
    root = world.folder / "root/usr"
    check_equal(world.tool(root / "bin/slipway", "version").out, world.slipway("version").out, "the packaged program")
    check_equal((root / "share/bash-completion/completions/slipway").read_text(), world.slipway("completion", "bash").out,
                "its completions")
    page = world.tool("zcat", root / "share/man/man1/slipway.1.gz").out
    check_equal(page, world.slipway("completion", "man").out, "its manual page")
    names = [name for name in world.slipway("help", "commands").out.split() if (root / f"share/man/man1/slipway-{name}.1.gz").exists()]
    check(len(set(names)) >= 50, f"a manual page for each command, not {sorted(set(names))}")
    page = world.tool("zcat", root / "share/man/man1/slipway-build.1.gz").out
    check_equal(page, world.slipway("completion", "man", "build").out, "the page of build")
    check_equal((root / "share/slipway/schemas/images.json").read_text(), (ROOT / "docs/schemas/images.json").read_text(), "a schema")
    depends = world.tool("dpkg-deb", "-f", first, "Depends").out
    check(all(name in depends for name in ("libc6", "libssl3", "libcurl4", "libarchive13")), f"its libraries in {depends}")
