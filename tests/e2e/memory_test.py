"""The memory of commands that read lists of files: it must not grow with the number of the files."""
from harness import check

FEW, MANY = 8_000, 48_000
# A list that holds some 220 bytes for each file grows by more. FEW files do not fill every share of memory that a build
# and an SBOM give their lists.
GROWTH_MIB = {"build": 20, "sbom": 16}
OTHER_GROWTH_MIB = 8
LIMIT_MIB = 64
FOLDER = "a-folder-of-a-name-as-long-as-those-of-packages-and-versions-that-a-build-tool-unpacks-{:04}"


def tar_header(prefix, name, mode, kind):
    header = bytearray(512)
    for at, text in ((0, name), (100, f"{mode:07o}"), (108, "0000000"), (116, "0000000"), (124, "0" * 11),
                     (136, "0" * 11), (148, " " * 8), (156, kind), (257, "ustar"), (263, "00"), (345, prefix)):
        header[at:at + len(text)] = text.encode()
    header[148:155] = b"%06o\0" % sum(header)
    return header


def write_tar(path, files):
    """A tar of empty files, a thousand in each folder."""
    with open(path, "wb") as tar:
        for number in range(files):
            folder = FOLDER.format(number // 1000)
            if number % 1000 == 0:
                tar.write(tar_header("", folder + "/", 0o755, "5"))
            tar.write(tar_header(folder, f"a-file-whose-name-is-as-long-as-many-are-{number:06}", 0o644, "0"))
        tar.write(bytes(1024))


def peaks(world, files):
    """The peak memory of each command, MiB; every file differs between the two images."""
    write_tar(world.folder / "tree.tar", files)
    build = ["build", "--archive", "tree.tar", "--platform", "linux/amd64", "--no-check", "--no-cache"]
    world.env["SOURCE_DATE_EPOCH"] = "1700000000"
    world.slipway(*build, "--to", f"oci:out{files}:later")
    world.env["SOURCE_DATE_EPOCH"] = "0"
    image, later = f"oci:out{files}:v1", f"oci:out{files}:later"
    commands = {"build": [*build, "--to", image], "files": ["files", "-l", image], "files as JSON": ["files", "-o", "json", image],
                "validate": ["validate", image], "sbom": ["sbom", image], "unpack": ["unpack", image, f"root{files}"],
                "diff": ["diff", image, later], "diff as JSON": ["diff", "-o", "json", image, later]}
    found = {}
    for number, (name, argv) in enumerate(commands.items()):
        world.env["XDG_CACHE_HOME"] = str(world.folder / f"cache-{files}-{number}")  # none has another one's list of files
        found[name] = world.peak_mib(*argv)
    return found


def test_memory_does_not_grow_with_the_number_of_files(world):
    few, many = peaks(world, FEW), peaks(world, MANY)
    for name, peak in many.items():
        world.note(f"{name}: {few[name]:.1f} MiB for {FEW} files, {peak:.1f} MiB for {MANY}")
    grown = [name for name, peak in many.items()
             if peak > min(LIMIT_MIB, few[name] + GROWTH_MIB.get(name, OTHER_GROWTH_MIB))]
    check(not grown, f"bounded memory, which {' and '.join(grown)} exceed")
