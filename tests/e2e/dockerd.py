"""A docker engine of a test's own, with storage and a socket in its folder; it needs root and touches no network."""
import subprocess
import time

from harness import Failure


class Dockerd:
    def __init__(self, world):
        self.world, self.folder = world, world.folder / "dockerd"
        self.env = {"DOCKER_HOST": f"unix://{self.folder}/socket"}

    def __enter__(self):
        self.folder.mkdir()
        argv = ["dockerd", "--host", self.env["DOCKER_HOST"], "--data-root", self.folder / "data", "--exec-root",
                self.folder / "exec", "--pidfile", self.folder / "pid", "--storage-driver=vfs", "--iptables=false",
                "--ip6tables=false", "--bridge=none"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**self.world.env, "PATH": self.world.env["PATH"] + ":/usr/sbin:/sbin"})
        until = time.monotonic() + 60
        while self.docker("version", status=None).status != 0:
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure(f"dockerd did not start:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def docker(self, *argv, **options):
        return self.world.tool("docker", *argv, env={**self.env, **options.pop("env", {})}, **options)

    def export(self, image, tar):
        """What a container of an image starts with, as a tar."""
        container = self.docker("create", "--network", "none", image, "none").out.strip()
        self.docker("export", "-o", tar, container)
        self.docker("rm", container)
