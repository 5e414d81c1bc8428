"""A registry in memory with the habits of real ones, switched on one by one: QUIRKS names them and says what they do.

`QuirkyRegistry(quirk)` serves on a free port of loopback until it is closed. Without a quirk it is a registry of the
distribution-spec without the referrers API. `registry.tags[repository]` and `registry.manifests[repository]` hold the
truth, whatever it says; setting `registry.quirk` to None makes it honest, for what is put there beforehand.
"""
import copy
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

INDEX = "application/vnd.oci.image.index.v1+json"
PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in."

QUIRKS = {
    "absent-401": "answers 401 for manifests and tag lists that are not there",
    "absent-403": "answers 403 for manifests and tag lists that are not there",
    "absent-blob-403": "answers 403 for blobs that are not there",
    "head-403": "forbids HEAD of manifests",
    "head-405": "does not know HEAD of manifests",
    "head-silent": "answers HEAD without a digest",
    "head-404": "answers 404 to HEAD of manifests that are there",
    "listed-not-there": "lists a tag that is not there",
    "there-not-listed": "does not list a tag that is there",
    "digest-after-tag": "shows a manifest by digest only once it has a tag",
    "pages-relative": "pages with a relative link",
    "pages-absolute": "pages with an absolute link",
    "pages-words": "pages with several relations, parameters and quoted commas in a link",
    "pages-lines": "pages with several links in several header lines",
    "pages-bare": "pages with a link without angle brackets",
    "pages-empty": "pages with an empty page in the middle",
    "pages-elsewhere": "pages that go on at another host",
    "pages-circle": "pages that go round in a circle",
    "pages-broken": "pages whose second one fails",
    "pages-torn": "pages with a link that cannot be read",
    "token-access": "tokens in access_token",
    "token-null": "tokens in access_token beside a null token",
    "token-empty": "tokens in access_token beside an empty token",
    "token-expiry": "tokens whose expires_in is text",
    "token-scopeless": "challenges without scope and service",
    "referrers-api": "has the referrers API and takes subjects",
    "referrers-pages": "has the referrers API, with pages",
    "referrers-html": "answers the referrers API with a web page",
    "referrers-empty": "has a referrers API that finds nothing, and ignores subjects",
    "fallback-subject": "resolves a fallback tag to the subject itself",
    "fallback-stale": "has a fallback list that names a manifest which is gone",
    "subject-400": "refuses manifests with a subject with 400",
    "subject-403": "refuses manifests with a subject with 403",
    "subject-405": "refuses manifests with a subject with 405",
    "subject-415": "refuses manifests with a subject with 415",
    "immutable-400": "immutable tags, refused with 400",
    "immutable-403": "immutable tags, refused with 403",
    "immutable-409": "immutable tags, refused with 409",
    "immutable-412": "immutable tags, refused with 412",
    "chunk-limit": "a proxy that limits requests to 300 kB",
    "chunk-least": "a proxy that limits requests to 300 kB, chunks of 200 kB at least",
    "no-single-post": "opens an upload where a blob comes with the POST",
    "put-race": "refuses each manifest once with 400 DIGEST_INVALID, as in a race",
    "put-500": "fails each first PUT of a manifest with 500",
    "get-502": "fails each first read with 502",
    "limited": "answers 429 to each 20th request",
    "login-page": "answers every read of a manifest or list with a web page",
    "no-delete": "does not delete",
    "delete-by-digest": "deletes by digest only",
    "warns": "sends warnings",
}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def error(code, message="refused by the test"):
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


class QuirkyRegistry:
    def __init__(self, quirk=None):
        assert quirk is None or quirk in QUIRKS, quirk
        self.quirk = quirk
        self.lock = threading.RLock()
        self.blobs, self.manifests, self.tags, self.uploads = {}, {}, {}, {}
        self.seen, self.asked, self.count = set(), [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                with outer.lock:
                    status, headers, data = outer.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                head = self.command == "HEAD"
                for name, value in headers:
                    self.send_header(name, value)
                if not any(name == "Content-Length" for name, _ in headers):
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if not head:
                    self.wfile.write(data)

            do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # What is there, for tests.

    def digest(self, repository, tag):
        return self.tags.get(repository, {}).get(tag)

    def content(self):
        """Everything that it has, for take_content of another one."""
        return copy.deepcopy((self.blobs, self.manifests, self.tags))

    def take_content(self, content):
        self.blobs, self.manifests, self.tags = copy.deepcopy(content)

    def has(self, quirk):
        return self.quirk == quirk

    # Requests.

    def answer(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.asked.append((method, target))
        self.count += 1
        if url.path == "/token":
            return self.token()
        if (self.quirk or "").startswith("token-") and headers.get("Authorization") != "Bearer good":
            scope = "" if self.has("token-scopeless") else ',service="s",scope="repository:x:pull"'
            return 401, [("WWW-Authenticate", f'Bearer realm="http://{self.host}/token"{scope}')], error("UNAUTHORIZED")
        if self.has("limited") and self.count % 20 == 0:
            return 429, [("Retry-After", "0")], error("TOOMANYREQUESTS")
        if self.has("get-502") and method in ("GET", "HEAD") and self.first(method + target):
            return 502, [], PAGE
        if self.has("warns"):
            status, extra, data = self.route(method, url.path, query, headers, body)
            return status, [*extra, ("Warning", '299 - "this repository moves"')], data
        return self.route(method, url.path, query, headers, body)

    def first(self, what):
        new = what not in self.seen
        self.seen.add(what)
        return new

    def token(self):
        words = {"token-access": '{"access_token":"good"}', "token-null": '{"token":null,"access_token":"good"}',
                 "token-empty": '{"token":"","access_token":"good"}',
                 "token-expiry": '{"token":"good","expires_in":"3600","issued_at":"now"}'}
        return 200, [], words.get(self.quirk, '{"token":"good"}').encode()

    def route(self, method, path, query, headers, body):
        if path in ("/v2", "/v2/"):
            return 200, [], b"{}"
        for pattern, serve in ((r"/v2/(.+)/manifests/([^/]+)", self.manifest), (r"/v2/(.+)/blobs/uploads/([^/]*)", self.upload),
                               (r"/v2/(.+)/blobs/([^/]+)", self.blob), (r"/v2/(.+)/tags/list", self.tag_list),
                               (r"/v2/(.+)/referrers/([^/]+)", self.referrers)):
            found = re.fullmatch(pattern, path)
            if found:
                return serve(method, *found.groups(), query=query, headers=headers, body=body)
        return 404, [], b"404 page not found"

    # Manifests.

    def absent(self, code="MANIFEST_UNKNOWN"):
        status = {"absent-401": 401, "absent-403": 403}.get(self.quirk, 404)
        return status, [], error({401: "UNAUTHORIZED", 403: "DENIED"}.get(status, code))

    def manifest(self, method, repository, reference, query, headers, body):
        if method == "PUT":
            return self.put(repository, reference, headers.get("Content-Type"), body)
        if method == "DELETE":
            return self.delete(repository, reference)
        if method == "HEAD" and self.quirk in ("head-403", "head-405"):
            return int(self.quirk[-3:]), [], b""
        if self.has("login-page"):
            return 200, [("Content-Type", "text/html")], PAGE
        digest = reference if ":" in reference else self.tags.get(repository, {}).get(reference)
        if digest is None and self.has("fallback-subject") and re.fullmatch(r"sha256-[0-9a-f]{64}", reference):
            digest = reference.replace("-", ":")
        known = self.manifests.get(repository, {})
        if self.has("digest-after-tag") and ":" in reference and digest not in self.tags.get(repository, {}).values():
            return self.absent()
        if digest not in known or (method == "HEAD" and self.has("head-404")):
            return self.absent()
        kind, data = known[digest]
        said = [("Content-Type", kind), ("Content-Length", str(len(data)))]
        if not self.has("head-silent"):
            said.append(("Docker-Content-Digest", digest))
        return 200, said, data

    def put(self, repository, reference, kind, body):
        digest = digest_of(body)
        document = json.loads(body)
        if "subject" in document and (self.quirk or "").startswith("subject-"):
            return int(self.quirk[-3:]), [], error("MANIFEST_INVALID")
        if self.has("put-race") and self.first(reference + digest):
            return 400, [], error("DIGEST_INVALID")
        if self.has("put-500") and self.first(reference + digest):
            return 500, [], error("UNKNOWN")
        if (self.quirk or "").startswith("immutable-") and reference in self.tags.get(repository, {}):
            return int(self.quirk[-3:]), [], error("DENIED", "the tag is immutable")
        blobs, manifests = self.blobs.setdefault(repository, {}), self.manifests.setdefault(repository, {})
        wanted = [document[key] for key in ("config",) if key in document] + document.get("layers", [])
        if any(child["digest"] not in blobs for child in wanted):
            return 404, [], error("MANIFEST_BLOB_UNKNOWN")
        if any(child["digest"] not in manifests for child in document.get("manifests", [])) and not reference.startswith("sha256-"):
            return 404, [], error("MANIFEST_BLOB_UNKNOWN")
        manifests[digest] = (kind, body)
        if ":" not in reference:
            self.tags.setdefault(repository, {})[reference] = digest
        said = [("Location", f"/v2/{repository}/manifests/{digest}"), ("Docker-Content-Digest", digest)]
        if "subject" in document and self.quirk in ("referrers-api", "referrers-pages"):
            said.append(("OCI-Subject", document["subject"]["digest"]))
        return 201, said, b""

    def delete(self, repository, reference):
        tags, manifests = self.tags.get(repository, {}), self.manifests.get(repository, {})
        if self.has("no-delete") or (self.has("delete-by-digest") and ":" not in reference):
            return 405, [], error("UNSUPPORTED")
        if reference in tags:
            del tags[reference]
        elif reference in manifests:
            del manifests[reference]
            for tag in [tag for tag, digest in tags.items() if digest == reference]:
                del tags[tag]
        else:
            return 404, [], error("MANIFEST_UNKNOWN")
        return 202, [], b""

    # Lists.

    def tag_list(self, method, repository, query, headers, body):
        if self.has("login-page"):
            return 200, [("Content-Type", "text/html")], PAGE
        if repository not in self.tags:
            return self.absent("NAME_UNKNOWN")
        tags = sorted(self.tags[repository])
        if self.has("there-not-listed"):
            tags = [tag for tag in tags if tag != "hidden"]
        if self.has("listed-not-there"):
            tags.append("zz-gone")
        if not (self.quirk or "").startswith("pages-"):
            return 200, [], json.dumps({"name": repository, "tags": tags}).encode()
        return self.page(repository, tags, query)

    def page(self, repository, tags, query):
        size, at = 2, int(query.get("at", 0))
        if at and self.has("pages-broken"):
            return 404, [], error("NAME_UNKNOWN")
        empty = self.has("pages-empty") and at == size and "go" not in query
        shown = [] if empty else tags[at:at + size]
        more = empty or at + size < len(tags) or self.has("pages-circle")
        path = f"/v2/{repository}/tags/list?n={size}&at={at if empty else at + size}" + ("&go=on" if empty else "")
        path = f"/v2/{repository}/tags/list?at={(at + size) % (2 * size)}" if self.has("pages-circle") else path
        links = {
            "pages-relative": [f"<list?{path.split('?')[1]}>; rel=next"],
            "pages-absolute": [f'<http://{self.host}{path}>; rel="next"'],
            "pages-words": [f'<{path}>; title="a, b; rel=prev \\"c\\""; rel="last NEXT" ; type="a/b"'],
            "pages-lines": ['</other>; rel="prev", </x>; rel=first', f'</y>; rel="last", <{path}>; rel="next"'],
            "pages-bare": [f'{path}; rel="next"'],
            "pages-elsewhere": [f'<http://other.example{path}>; rel="next"'],
            "pages-torn": [f'<{path}; rel="next"'],
        }.get(self.quirk, [f'<{path}>; rel="next"'])
        data = json.dumps({"name": repository, "tags": shown}).encode()
        return 200, [("Link", link) for link in links] if more else [], data

    def referrers(self, method, repository, subject, query, headers, body):
        if self.has("referrers-html"):
            return 200, [("Content-Type", "text/html")], PAGE
        if self.quirk not in ("referrers-api", "referrers-pages", "referrers-empty"):
            return 404, [], b"404 page not found"
        found = []
        for digest, (kind, data) in sorted(self.manifests.get(repository, {}).items()):
            document = json.loads(data)
            if self.has("referrers-empty") or document.get("subject", {}).get("digest") != subject:
                continue
            found.append({"mediaType": kind, "digest": digest, "size": len(data),
                          "artifactType": document.get("artifactType") or document["config"]["mediaType"]})
        said = [("Content-Type", INDEX)]
        if self.has("referrers-pages"):
            at = int(query.get("at", 0))
            if at + 1 < len(found):
                said.append(("Link", f'<?at={at + 1}>; rel="next"'))
            found = found[at:at + 1]
        return 200, said, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()

    # Blobs.

    def too_large(self, body):
        return (self.quirk or "").startswith("chunk-") and len(body) > 300_000

    def blob(self, method, repository, digest, query, headers, body):
        data = self.blobs.get(repository, {}).get(digest)
        if data is None:
            return (403, [], error("DENIED")) if self.has("absent-blob-403") else (404, [], error("BLOB_UNKNOWN"))
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("Range") or "")
        if wanted and method == "GET":
            at = int(wanted[1])
            return 206, [("Content-Range", f"bytes {at}-{len(data) - 1}/{len(data)}")], data[at:]
        return 200, [("Docker-Content-Digest", digest)], data

    def upload(self, method, repository, session, query, headers, body):
        if self.too_large(body):
            return 413, [], PAGE
        if method == "POST":
            return self.open_upload(repository, query, body)
        if session not in self.uploads:
            return 404, [], error("BLOB_UPLOAD_UNKNOWN")
        if method == "DELETE":
            del self.uploads[session]
            return 204, [], b""
        got = self.uploads[session]
        if method == "GET":
            return 204, [("Range", f"0-{max(len(got) - 1, 0)}"), self.location(repository, session)], b""
        if method == "PATCH" and self.has("chunk-least"):
            if len(got) % 200_000 and len(got) < 200_000:
                return 416, [], error("SIZE_INVALID")  # a short chunk that was not the last one
        got += body
        if method == "PATCH":
            return 202, [("Range", f"0-{len(got) - 1}"), self.location(repository, session)], b""
        return self.finish(repository, query.get("digest"), bytes(self.uploads.pop(session)))

    def location(self, repository, session):
        return "Location", f"/v2/{repository}/blobs/uploads/{session}"

    def open_upload(self, repository, query, body):
        source = self.blobs.get(query.get("from"), {})
        if query.get("mount") in source:
            self.blobs.setdefault(repository, {})[query["mount"]] = source[query["mount"]]
            return 201, [("Location", f"/v2/{repository}/blobs/{query['mount']}")], b""
        if "digest" in query and not self.has("no-single-post"):
            return self.finish(repository, query["digest"], body)
        session = str(len(self.asked))
        self.uploads[session] = bytearray()
        said = [self.location(repository, session)]
        if self.has("chunk-least"):
            said.append(("OCI-Chunk-Min-Length", "200000"))
        return 202, said, b""

    def finish(self, repository, digest, data):
        if digest_of(data) != digest:
            return 400, [], error("DIGEST_INVALID")
        self.blobs.setdefault(repository, {})[digest] = data
        return 201, [("Location", f"/v2/{repository}/blobs/{digest}"), ("Docker-Content-Digest", digest)], b""
