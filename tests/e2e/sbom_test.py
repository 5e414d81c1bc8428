"""Bills of materials: made from the image's own files, whoever built it."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import zlib

import schemas
from harness import Failure, check, check_equal, layout_blob


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
    schemas.validate_sbom(json.dumps(spdx), "spdx-2.3")
    schemas.validate_sbom(json.dumps(cyclonedx), "cyclonedx-1.5")
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


def compile_program(world, *flags):
    world.write("hello.c", "int main(void) { return 0; }\n")
    world.tool("gcc", *flags, "-o", "hello", "hello.c")


VCPKG = {"spdxVersion": "SPDX-2.2", "SPDXID": "SPDXRef-DOCUMENT", "name": "fmt:x64-linux@9.1.0 0123", "packages": [
    {"name": "fmt", "SPDXID": "SPDXRef-port", "versionInfo": "9.1.0"},
    {"name": "fmt:x64-linux", "SPDXID": "SPDXRef-binary", "versionInfo": "0123"}]}
CONAN = {"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
    {"type": "library", "name": "zlib", "version": "1.3.1", "purl": "pkg:conan/zlib@1.3.1"}]}


def test_an_attached_sbom_is_what_is_shown_and_other_tools_documents_are_merged(world):
    compile_program(world)
    world.write("vcpkg_installed/x64-linux/share/fmt/vcpkg.spdx.json", json.dumps(VCPKG))
    world.write("conan.cdx.json", json.dumps(CONAN))
    world.write("slipway.yaml", """app: hello
image:
  repository: "oci:./images"
  sbom: {formats: [spdx, cyclonedx], include: [vcpkg_installed, conan.cdx.json]}
  layers:
    - {name: all, closure: [hello], runtime: auto, files: [{from: hello, to: /usr/bin/hello}]}
""")
    image = world.slipway("build", "--push", "-q").digest
    kinds = {entry["artifactType"]: entry["digest"]
             for entry in world.slipway("referrers", "-o", "json", "oci:images:latest").document["referrers"]}
    check_equal(sorted(kinds), ["application/spdx+json", "application/vnd.cyclonedx+json"], "what is attached")
    manifest = json.loads(layout_blob(world.folder / "images", kinds["application/spdx+json"]))
    check_equal(manifest["subject"]["digest"], image, "the SBOM's subject")
    shown = world.slipway("sbom", "oci:images:latest")
    check_equal(shown.out, layout_blob(world.folder / "images", manifest["layers"][0]["digest"]).decode(), "the document shown")
    check("attached to the image" in shown.err, shown.err)
    schemas.validate_sbom(shown.out, "spdx-2.3")
    cyclonedx = world.slipway("sbom", "--format", "cyclonedx", "oci:images:latest").out
    schemas.validate_sbom(cyclonedx, "cyclonedx-1.5")
    for text in (shown.out, cyclonedx):
        check("pkg:generic/fmt@9.1.0" in text and "pkg:conan/zlib@1.3.1" in text and "fmt:x64-linux" not in text, text)
    fresh = world.slipway("sbom", "--fresh", "oci:images:latest").out
    check("pkg:conan" not in fresh and "pkg:deb/debian/libc6@" in fresh, "the image's own packages alone")
    check("pkg:conan" in world.slipway("sbom", "--include", "conan.cdx.json", "oci:images:latest").out, "an included document")
    # status.d names the files, so the packages own them without dpkg's lists.
    libc = next(p for p in json.loads(fresh)["packages"] if p["name"] == "libc6")
    check(libc["filesAnalyzed"], "libc6 to have files")
    world.slipway("sbom", "--include", "hello.c", "oci:images:latest", status=2)
    world.slipway("build", "--push", "--sbom-include", "nowhere", status=2)
    world.slipway("build", "--push", "--sbom", "swid", status=2)


def test_packages_of_alpine_and_of_programs_themselves(world):
    note = '{"type":"rpm","os":"fedora","name":"hello","version":"2.12-1.fc40","architecture":"x86_64"}'
    compile_program(world, "-Xlinker", f"--package-metadata={note}")
    world.write("root/lib/apk/db/installed", "C:Q1x=\nP:busybox\nV:1.36.1-r5\nA:x86_64\nF:bin\nR:busybox\n\n")
    world.write("root/bin/busybox", "busy")
    world.write("root/etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "root:/", "--add", "hello:/usr/bin/hello", "--to", "oci:out:v1")
    spdx = sbom(world, "spdx", "oci:out:v1")
    schemas.validate_sbom(json.dumps(spdx), "spdx-2.3")
    purls = {p["name"]: p["externalRefs"][0]["referenceLocator"] for p in spdx["packages"] if "externalRefs" in p}
    check_equal(purls, {"busybox": "pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64",
                        "hello": "pkg:rpm/fedora/hello@2.12-1.fc40?arch=x86_64"}, "the packages")
    owned = {r["spdxElementId"] for r in spdx["relationships"] if r["spdxElementId"].startswith("SPDXRef-Package")}
    check_equal(len(owned), 2, "packages that own files")


SPEC = """Name: greeter
Version: 1.2
Release: 3
Epoch: 4
Summary: x
License: MIT
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/opt/greeter
echo hi > %{buildroot}/opt/greeter/words
%files
/opt/greeter/words
"""


def test_crates_of_rust_programs_and_debian_packages_of_files(world):
    crates = {"packages": [{"name": "serde", "version": "1.0.200", "source": "crates.io"},
                           {"name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build"},
                           {"name": "app", "version": "0.1.0", "source": "local", "root": True}]}
    world.write("crates.z", zlib.compress(json.dumps(crates).encode()))
    world.tool("objcopy", "--add-section", ".dep-v0=crates.z", world.static_program(), "auditable")
    zone = os.path.realpath("/usr/share/zoneinfo/Europe/Paris")
    world.write("project/slipway.yaml", "app: a\nimage:\n  platforms: [linux/amd64]\n  sbom: spdx\n  layers:\n    - name: app\n"
                f"      files:\n        - {{from: ../auditable, to: /bin/app}}\n        - {{from: {zone}, to: /zone}}\n")
    world.slipway("build", "--to", "oci:../out:v1", cwd=world.folder / "project")
    document = sbom(world, "spdx", "oci:out:v1")
    schemas.validate_sbom(json.dumps(document), "spdx-2.3")
    named = {package["name"] for package in document["packages"]}
    check({"serde", "app", owner(zone)} <= named and "cc" not in named, f"crates and Debian's package, not {named}")
    fresh = {package["name"] for package in json.loads(world.slipway("sbom", "--fresh", "oci:out:v1").out)["packages"]}
    check({"serde", "app"} <= fresh, f"crates in {fresh}")


def test_packages_of_rpm(world):
    world.write("greeter.spec", SPEC)
    world.tool("rpmbuild", "-bb", "--define", f"_topdir {world.folder}/top", "greeter.spec")
    built = next((world.folder / "top/RPMS").rglob("*.rpm"))
    database = world.folder / "root/usr/lib/sysimage/rpm"
    world.tool("rpm", "--dbpath", database, "--initdb")
    world.tool("rpm", "--dbpath", database, "-i", "--justdb", "--nodeps", "--ignoreos", built)
    world.write("root/opt/greeter/words", "hi\n")
    world.write("root/etc/os-release", "ID=fedora\nVERSION_ID=40\n")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "root:/", "--to", "oci:out:v1")
    spdx = sbom(world, "spdx", "oci:out:v1")
    schemas.validate_sbom(json.dumps(spdx), "spdx-2.3")
    package = next(p for p in spdx["packages"] if p["name"] == "greeter")
    check_equal((package["versionInfo"], package["externalRefs"][0]["referenceLocator"]),
                ("1.2-3", "pkg:rpm/fedora/greeter@1.2-3?arch=noarch&epoch=4"), "the package")
    check(package["filesAnalyzed"], "the package to own its file")
    (database / "rpmdb.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "root:/", "--to", "oci:out:v2")
    check("rpm's database cannot be read" in world.slipway("sbom", "oci:out:v2", status=12).err, "what is damaged")


def test_the_judge_refuses_what_is_no_sbom(world):
    world.write("a", "a")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "a:/a", "--to", "oci:out:v1")
    for form, schema, key in (("spdx", "spdx-2.3", "dataLicense"), ("cyclonedx", "cyclonedx-1.5", "bomFormat")):
        document = sbom(world, form, "oci:out:v1")
        schemas.validate_sbom(json.dumps(document), schema)
        del document[key]
        try:
            schemas.validate_sbom(json.dumps(document), schema)
        except Failure:
            continue
        raise Failure(f"{schema} accepts a document without {key}")
