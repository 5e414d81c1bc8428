"""Very many files, and very large ones, in one layer: within the memory limit, and readable by others."""
import os

from harness import check, check_equal
from layers_test import layer_of

MEMORY_MIB = 64
GIB = 1 << 30


def packed(world, source, layout):
    """Builds one layer from a folder within the memory limit; its compressed blob."""
    peak = world.peak_mib("build", "--base", "scratch", "--platform", "linux/amd64", "--no-cache", "--jobs", "4",
                          "--compression", "zstd:fast", "--add", f"{source}:/data", "--to", f"oci:{layout}:v1")
    check(peak <= MEMORY_MIB, f"at most {MEMORY_MIB} MiB, not {peak:.1f}")
    world.note(f"{source}: at most {peak:.1f} MiB")
    return layer_of(world, world.folder / layout)


def test_a_million_files_in_one_layer(world):
    for number in range(1000):
        os.makedirs(world.folder / f"many/{number}")
        folder = os.open(world.folder / f"many/{number}", os.O_RDONLY)
        for file in range(1000):
            os.mknod(f"a-name-as-long-as-many-are-{file}", 0o644, dir_fd=folder)
        os.close(folder)
    blob = packed(world, "many", "out")
    counted = world.tool("sh", "-c", 'zstd -dc "$1" | tar -t | wc -l', "sh", blob)
    check_equal(counted.out.strip(), str(1 + 1000 + 1_000_000), "the entries that tar sees")
    first = world.tool("sh", "-c", 'zstd -dc "$1" 2>/dev/null | tar -t 2>/dev/null | head -4', "sh", blob, status=None)
    check_equal(first.lines, ["data/", "data/0/", *(f"data/0/a-name-as-long-as-many-are-{n}" for n in (0, 1))], "the order")


def test_a_file_of_more_than_8_gib(world):
    (world.folder / "large").mkdir()
    with open(world.folder / "large/file", "wb") as file:
        file.truncate(8 * GIB + 3)
        file.seek(5 * GIB)
        file.write(b"an island")
        file.seek(8 * GIB)
        file.write(b"end")
    blob = packed(world, "large", "out")
    seen = world.tool("bsdtar", "-tvf", blob).lines[-1]
    check(f" {8 * GIB + 3} " in seen, f"the size as bsdtar lists it: {seen}")
    listed = world.slipway("files", "-l", "oci:out:v1").lines[-1]
    check(f" {8 * GIB + 3} " in listed, f"the size in {listed}")
