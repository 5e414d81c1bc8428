"""A network of its own for the portable program: a name server on 127.0.0.1:53 that answers every question with
127.0.0.1, and registries there, over HTTP on port 5000 and over TLS on port 5443 when certificate files are named. Runs
the command behind "--" and ends with its status. Start it in a new network namespace.
"""
import fcntl
import http.server
import socket
import ssl
import struct
import subprocess
import sys
import threading


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def answer_names(server):
    while True:
        question, asker = server.recvfrom(512)
        end = question.index(b"\0", 12) + 5
        wants_ipv4 = question[end - 4:end - 2] == b"\0\1"
        header = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if wants_ipv4 else b"\0\0") + b"\0\0\0\0"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if wants_ipv4 else b""
        server.sendto(header + question[12:end] + answer, asker)


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b'{"repositories":["team/hello"]}' if "_catalog" in self.path else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(port, certificate=None, key=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Registry)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    words = sys.argv[1:sys.argv.index("--")]
    bring_loopback_up()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=answer_names, args=(names,), daemon=True).start()
    serve(5000)
    if words:
        serve(5443, *words)
    sys.exit(subprocess.run(sys.argv[sys.argv.index("--") + 1:]).returncode)


if __name__ == "__main__":
    main()
