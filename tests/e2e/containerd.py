"""A containerd of a test's own, with storage and a socket in its folder."""
import contextlib
import subprocess
import time

from harness import Failure

CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/socket"
[ttrpc]
  address = "{folder}/ttrpc"
"""


class Containerd:
    def __init__(self, world):
        self.world, self.folder = world, world.folder / "containerd"

    def __enter__(self):
        self.folder.mkdir()
        config = self.folder / "config.toml"
        config.write_text(CONFIG.format(folder=self.folder))
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(["containerd", "-c", config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=self.world.env)
        until = time.monotonic() + 30
        while self.ctr("version", status=None).status != 0:
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failure(f"containerd did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def ctr(self, *argv, **options):
        return self.world.tool("ctr", "-a", self.folder / "socket", *argv, **options)

    def load(self, archive):
        """Imports an archive and unpacks its image."""
        self.ctr("images", "import", "--snapshotter", "native", archive)

    @contextlib.contextmanager
    def mounted(self, image):
        """The folder with an image's files."""
        folder = self.folder / "mounted"
        folder.mkdir()
        self.ctr("images", "mount", "--snapshotter", "native", image, folder)
        try:
            yield folder
        finally:
            self.ctr("images", "unmount", folder)

