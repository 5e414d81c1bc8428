"""A registry that goes away, fills up or takes nothing in the middle of a push: no tag, a true status, and a second try."""
import json
import os
import re
import socket
import threading

from disk_test import mounted
from harness import DIGEST, MANIFEST_TYPES, check, check_equal
from projects import Project


class CutLine:
    """A line to a registry that is dead from its Nth request on (0: never), counting from the last `cut_at`."""

    def __init__(self, port):
        self.target = port
        self.lock = threading.Lock()
        self.seen = self.limit = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.server.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def cut_at(self, limit):
        with self.lock:
            self.seen, self.limit = 0, limit

    def _serve(self):
        while True:
            try:
                near = self.server.accept()[0]
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _alive(self, requests):
        with self.lock:
            self.seen += requests
            return not self.limit or self.seen < self.limit

    def _carry(self, source, sink, counted):
        try:
            while data := source.recv(65536):
                if not self._alive(data.count(b" HTTP/1.1\r\n") if counted else 0):
                    break
                sink.sendall(data)
        except OSError:
            pass  # the other direction closed both
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def whole(registry, repository, tag):
    """The digest under a tag whose every platform and blob is there; None without the tag."""
    digest = registry.digest_of(repository, tag)
    if digest is None:
        return None
    index = json.loads(registry.get(f"/v2/{repository}/manifests/{tag}", ", ".join(MANIFEST_TYPES))[2])
    for child in index["manifests"]:
        status, _, body = registry.get(f"/v2/{repository}/manifests/{child['digest']}", child["mediaType"])
        check_equal(status, 200, f"the status of {child['digest']}, a platform of the tagged {repository}:{tag}")
        image = json.loads(body)
        for blob in [image["config"], *image["layers"]]:
            check_equal(registry.status(f"/v2/{repository}/blobs/{blob['digest']}"), 200, f"the status of {blob['digest']}")
    return digest


def unsaid(ended, host):
    """What every failed push has: an empty stdout, and the registry in the message."""
    check_equal(ended.out, "", f"standard output of\n{ended}")
    check(host in ended.err, f"{host} in\n{ended}")


def test_a_line_cut_before_every_request_of_a_push(world):
    registry = world.registry()
    project = Project(world, platforms=("amd64", "arm64"))
    with CutLine(registry.port) as line:
        push = lambda number: ["build", "--to", f"{line.host}/cut{number}/hello:v1", "--retry", "0", "--jobs", "2"]
        digest = project.slipway(*push(0)).digest
        total = line.seen
        check(total >= 12, f"a good number of requests, not {total}")
        failed = 0
        for number in range(1, total + 1):
            line.cut_at(number)
            ended = project.slipway(*push(number), status=None)
            found = whole(registry, f"cut{number}/hello", "v1")
            check(ended.status in (0, 15), f"the network's status, 15, of\n{ended}")
            if ended.status == 0:
                check_equal(found, digest, f"the tag after a push that says it is done, cut at {number}")
                continue
            failed += 1
            unsaid(ended, line.host)
            # The last request writes the tag: it may have been done and its answer lost.
            check(found is None or (number == total and found == digest), f"no tag at request {number} of {total}")
            line.cut_at(0)
            check_equal(project.slipway(*push(number)).digest, digest, f"the push run again after {number}")
            check_equal(whole(registry, f"cut{number}/hello", "v1"), digest, "the tag in the end")
        check(failed >= total * 3 // 4, f"most of {total} pushes to fail, not {failed}")
        world.note(f"push of two platforms: cut before each of {total} requests")


def test_a_line_cut_in_the_middle_of_a_promotion(world):
    source, destination = world.registry(), world.registry()
    with CutLine(destination.port) as line:
        project = Project(world, repository=f"{source.host}/team/hello", production=f"{line.host}/prod/hello",
                          platforms=("amd64", "arm64"))
        first = project.ship("first")
        project.edition("second")
        second = project.build()
        project.slipway("release", "staging")
        argv = ["promote", "staging", "production", "--retry", "0"]
        numbers, number = [1], 0
        while True:  # each try gets one request further, over what those before have left
            number += 3
            line.cut_at(number)
            ended = project.slipway(*argv, status=None)
            line.cut_at(0)
            found = whole(destination, "prod/hello", "production")
            if ended.status == 0:
                break
            check_equal(ended.status, 15, f"the status of\n{ended}")
            unsaid(ended, line.host)
            check(found in (first, second), f"the old or the new image under production after request {number}, not {found}")
            numbers = [row["number"] for row in project.history("production")]
            check(numbers in ([1], [2, 1]), f"at most one new release, not {numbers}")
            check(number < 300, "an end of this")
        check(number > 6, f"some promotions to fail before one succeeded at {number}")
        check_equal((ended.digest, found), (second, second), "the digest in the end")
        check_equal([row["number"] for row in project.history("production")], [2, 1], "the history in the end")
        row = project.status()["production"]
        check_equal((row["drift"], row["pending"]), (False, False), "drift and pending in the end")


def test_a_registry_that_dies_and_comes_back(world):
    registry = world.registry()
    world.write("big", os.urandom(16 << 20))
    argv = ["build", "--base", "scratch", "--platform", "linux/amd64", "--platform", "linux/arm64", "--add", "big:/big", "--to",
            f"{registry.host}/team/big:v1", "--retry", "0"]
    process = world.start(*argv)
    while process.poll() is None and not any(method == "POST" for method, _, _ in registry.requests()):
        pass
    registry.process.kill()
    status = process.wait(60)
    registry.stop()
    registry.start()
    found = whole(registry, "team/big", "v1")
    check(status == 15 and found is None or status == 0 and found, f"15 and no tag, not {status} and {found}")
    digest = world.slipway(*argv).digest
    check_equal(whole(registry, "team/big", "v1"), digest, "the tag in the end")


def test_a_registry_whose_disk_is_full(world):
    folder = mounted(world, "600k")
    if folder is None:
        return
    registry = world.registry(data=folder / "data")
    project = Project(world, platforms=("amd64", "arm64"))
    for arch in project.platforms:
        world.write(f"project/build/{arch}/app", os.urandom(400 << 10))
    argv = ["build", "--to", f"{registry.host}/team/hello:v1", "--retry", "1"]
    ended = project.slipway(*argv, status=15)
    unsaid(ended, registry.host)
    check_equal(registry.digest_of("team/hello", "v1"), None, "the tag")
    check(not DIGEST.search(ended.out), "no digest promised")
    world.tool("mount", "-o", "remount,size=16m", folder)
    check_equal(project.slipway(*argv).digest, whole(registry, "team/hello", "v1"), "the tag with room again")


def test_a_registry_that_is_read_only(world):
    registry = world.registry(read_only=True)
    project = Project(world, platforms=("amd64", "arm64"))
    ended = project.slipway("build", "--to", f"{registry.host}/team/hello:v1", status=None)
    check(ended.status not in (0, 2, 12, 130), f"a failure of the registry's in\n{ended}")
    unsaid(ended, registry.host)
    check(re.search("405|not supported|unsupported|read-only", ended.err, re.IGNORECASE), f"the registry's reason in\n{ended}")
    check_equal(registry.digest_of("team/hello", "v1"), None, "the tag")
    writes = [request for request in registry.requests() if request[0] in ("POST", "PUT", "PATCH")]
    check(len(writes) <= 8, f"few tries at what a registry does not do, not {writes}")
