"""Bills of materials: made from the image's own files, whoever built it."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

from harness import check, check_equal


def sbom(world, form, ref):
    return json.loads(world.slipway("sbom", "--format", form, ref).out)


def owner(path):
    for name in (path, path.removeprefix("/usr")):
        ended = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return ended.stdout.split(":")[0]
    return None


def test_every_debian_package_of_a_closure_is_named(world):
    program = os.path.realpath("/usr/bin/curl")
    world.slipway("build", "--base", "scratch", "--add", f"{program}:/usr/bin/curl", "--closure", "/usr/bin/curl", "--runtime", "auto",
                  "--entrypoint", "/usr/bin/curl", "--to", "oci:out:v1")
    spdx, cyclonedx = sbom(world, "spdx", "oci:out:v1"), sbom(world, "cyclonedx", "oci:out:v1")
    libraries = [file["fileName"][1:] for file in spdx["files"] if re.search(r"\.so(\.|$)", file["fileName"])]
    check(len(libraries) > 5, f"curl's libraries, not {libraries}")
    want = {owner(os.path.realpath(path)) for path in libraries} - {None}
    named = {package["name"] for package in spdx["packages"]}
    check(want <= named, f"packages {sorted(want - named)} in the document")
    check_equal({c["name"] for c in cyclonedx["components"] if c["type"] == "library"}, named - {spdx["name"]}, "the packages of both formats")
    curl = next(file for file in spdx["files"] if file["fileName"] == "./usr/bin/curl")
    sums = {entry["algorithm"]: entry["checksumValue"] for entry in curl["checksums"]}
    content = pathlib.Path(program).read_bytes()
    check_equal(sums, {"SHA1": hashlib.sha1(content).hexdigest(), "SHA256": hashlib.sha256(content).hexdigest()}, "the program's sums")
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    check_equal(curl["comment"], "build-id: " + re.search(r"Build ID: (\w+)", notes)[1], "the program's build-id")


def test_the_same_image_gives_the_same_bytes(world):
    (world.folder / "a").write_text("a")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "a:/a", "--to", "oci:out:v1")
    for form in ("spdx", "cyclonedx"):
        check_equal(world.slipway("sbom", "--format", form, "oci:out:v1").out,
                    world.slipway("sbom", "--format", form, "oci:out:v1").out, form)


def package(name, version, more=""):
    return (f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{more}Version: {version}\n"
            f"Description: {name}\n\n")


def test_diff_names_the_packages_that_differ(world):
    world.write("a/var/lib/dpkg/status", package("base-files", "12.4") + package("openssl", "3.0.11-1~deb12u1") +
                package("zlib1g", "1:1.2.13", "Multi-Arch: same\n"))
    world.write("b/var/lib/dpkg/status", package("base-files", "12.4") + package("openssl", "3.0.13-1~deb12u1"))
    world.write("b/var/lib/dpkg/status.d/own", "Package: own\nArchitecture: amd64\nVersion: 1\n")
    world.write("c/etc/own.conf", "x")
    for name in "abc":
        world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", f"{name}/:/", "--to", f"oci:out:{name}")
    said = [line for line in world.slipway("diff", "oci:out:a", "oci:out:b").lines if "package" in line]
    check_equal(said, ["  package openssl: 3.0.11-1~deb12u1 -> 3.0.13-1~deb12u1", "  package own: only in B: 1",
                       "  package zlib1g:amd64: only in A: 1:1.2.13"], "the packages")
    document = world.slipway("diff", "-o", "json", "oci:out:b", "oci:out:c").document
    check_equal([item["key"] for item in document["platforms"][0]["packages"]], ["base-files", "openssl", "own"], "the packages in JSON")
