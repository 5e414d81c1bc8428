"""What stands between a client and a registry: nginx with TLS, logins and limits; a wire that is cut."""
import re
import socket
import subprocess
import threading
import time

from harness import Failure


def make_certificate(world, name, valid_for="IP:127.0.0.1,DNS:localhost"):
    """A certificate, for loopback unless said otherwise, signed by itself: (certificate, key)."""
    certificate, key = world.folder / f"{name}.crt", world.folder / f"{name}.key"
    world.tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
               f"/CN={name}", "-days", "2", "-addext", f"subjectAltName={valid_for}", "-keyout", key, "-out", certificate)
    return certificate, key


class Nginx:
    """nginx in front of a registry: TLS with a certificate of its own, a body limit, Basic logins, client certificates."""

    def __init__(self, world, registry, limit="0", htpasswd=None, client_ca=None,
                 name="IP:127.0.0.1,DNS:localhost"):
        self.world, self.registry, self.limit = world, registry, limit
        self.htpasswd, self.client_ca = htpasswd, client_ca
        self.port = world.refused_port()
        self.host = f"127.0.0.1:{self.port}"
        self.folder = world.folder / f"nginx-{self.port}"
        self.certificate, key = make_certificate(world, f"server-{self.port}", name)
        self.key = key

    def __enter__(self):
        self.folder.mkdir()
        f = self.folder
        login = f"auth_basic registry; auth_basic_user_file {self.htpasswd};" if self.htpasswd else ""
        client = f"ssl_client_certificate {self.client_ca}; ssl_verify_client on;" if self.client_ca else ""
        config = self.world.write(f"nginx-{self.port}/nginx.conf", f"""
daemon off; master_process off; pid {f}/pid; error_log {f}/error.log;
events {{}}
http {{
  access_log {f}/access.log;
  client_body_temp_path {f}/b; proxy_temp_path {f}/p; fastcgi_temp_path {f}/f; uwsgi_temp_path {f}/u; scgi_temp_path {f}/s;
  client_max_body_size {self.limit};
  server {{
    listen {self.host} ssl http2;
    ssl_certificate {self.certificate}; ssl_certificate_key {self.key}; {client}
    location /v2/ {{
      {login}
      proxy_pass http://{self.registry.host};
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-e", f"{f}/error.log", "-c", str(config)], stdin=subprocess.DEVNULL,
                                        env={"PATH": self.world.env["PATH"] + ":/usr/sbin"})
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise Failure(f"nginx did not start:\n{(f / 'error.log').read_text()}") from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def requests(self):
        """(method, path, status) of every request."""
        lines = re.findall(r'"([A-Z]+) (\S+) HTTP/1\.1" (\d+)', (self.folder / "access.log").read_text())
        return [(method, path, int(status)) for method, path, status in lines]


class Cutter:
    """A TCP proxy that breaks one connection after so many bytes `up` (to the server) or `down`; it counts both. `pause`:
    seconds after each 64 KiB."""

    def __init__(self, host, up=None, down=None, pause=0):
        address, port = host.split(":")
        self.target, self.limits = (address, int(port)), {"up": up, "down": down}
        self.passed = {"up": 0, "down": 0}
        self.cuts = 0
        self.pause = pause
        self.lock = threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
            except OSError:
                return
            for way, source, sink in (("up", client, server), ("down", server, client)):
                threading.Thread(target=self.pump, args=(way, source, sink), daemon=True).start()

    def pump(self, way, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
                if self.pause:
                    time.sleep(self.pause)
                with self.lock:
                    self.passed[way] += len(data)
                    limit = self.limits[way]
                    cut = limit is not None and self.passed[way] >= limit
                    if cut:
                        self.limits[way] = None
                        self.cuts += 1
                if cut:
                    break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
