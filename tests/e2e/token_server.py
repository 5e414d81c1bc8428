"""A token server of the distribution project's kind: it signs real tokens, which docker-registry verifies."""
import base64
import http.server
import json
import secrets
import subprocess
import threading
import time
import urllib.parse


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenServer:
    """`users` is {name: (password, {repository prefix: actions})}; an identity token of a user is `identity[name]`.

    `lifetime` is what a token really lives, `promised` what its answer says; `get` False makes it a server that only
    knows POST. What it was asked is in `asked`.
    """

    SERVICE = "e2e registry"

    def __init__(self, world, users, lifetime=300, promised=None, get=True):
        self.users, self.lifetime, self.promised, self.knows_get = users, lifetime, promised or lifetime, get
        self.identity = {name: secrets.token_hex(12) for name in users}
        self.asked, self.issued = [], []
        self.key, self.certificate = world.folder / "token.key", world.folder / "token.crt"
        world.tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "2",
                   "-keyout", self.key, "-out", self.certificate)
        der = subprocess.run(["openssl", "x509", "-in", self.certificate, "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                user = None
                if self.headers.get("Authorization", "").startswith("Basic "):
                    user, _, password = base64.b64decode(self.headers["Authorization"][6:]).decode().partition(":")
                    if outer.users.get(user, (None,))[0] != password:
                        return self.answer(401, {})
                self.grant("GET" if outer.knows_get else "", user, query.get("scope", []), query.get("service", [""])[0])

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                one = lambda name: form.get(name, [""])[0]
                if one("grant_type") == "password":
                    user = one("username") if outer.users.get(one("username"), (None,))[0] == one("password") else None
                else:
                    user = next((name for name, token in outer.identity.items() if token == one("refresh_token")), None)
                if user is None:
                    return self.answer(401, {})
                self.grant(f"POST {one('grant_type')}", user, one("scope").split(), one("service"))

            def grant(self, how, user, scopes, service):
                if not how:
                    return self.answer(405, {})
                outer.asked.append((how, user, tuple(scopes)))
                if service != outer.SERVICE:
                    return self.answer(400, {})
                self.answer(200, {"access_token": outer.token(user, scopes), "expires_in": outer.promised})

            def answer(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def config(self):
        """docker-registry's part."""
        realm = f"http://127.0.0.1:{self.server.server_port}/token"
        return (f"\nauth: {{token: {{realm: '{realm}', service: '{self.SERVICE}', issuer: e2e, "
                f"rootcertbundle: {self.certificate}}}}}")

    def token(self, user, scopes):
        rights = self.users[user][1] if user in self.users else {}
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            allowed = {action for prefix, some in rights.items() if name.startswith(prefix) for action in some.split(",")}
            access.append({"type": kind, "name": name, "actions": sorted(allowed & set(actions.split(",")))})
        now = int(time.time())
        claims = {"iss": "e2e", "aud": self.SERVICE, "sub": user or "", "iat": now, "nbf": now - 5,
                  "exp": now + self.lifetime, "jti": secrets.token_hex(8), "access": access}
        signed = encoded(json.dumps(self.header).encode()) + "." + encoded(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed.encode(), check=True,
                                   capture_output=True).stdout
        self.issued.append(signed + "." + encoded(signature))
        return self.issued[-1]
