"""Logins as users have them: token servers, proxies with TLS, certificates; and wires that are cut."""
import base64
import json
import os
import shutil

from between import Cutter, Nginx, make_certificate
from harness import check, check_equal, layout_tags
from projects import Project
from token_server import TokenServer


def tokens(world, **options):
    """A token server and a registry that trusts it."""
    server = world.stack.enter_context(TokenServer(world, {"robot": ("s3cr3t", {"": "pull,push,delete"}),
                                                           "reader": ("r3ad", {"": "pull"})}, **options))
    return server, world.registry(token=server)


def authfile(world, name, entries):
    """An --authfile: {host: (user, password)} or {host: {member: value}}."""
    auths = {host: entry if isinstance(entry, dict) else
             {"auth": base64.b64encode(":".join(entry).encode()).decode()} for host, entry in entries.items()}
    return world.write(name, json.dumps({"auths": auths}), 0o600)


def image(world, size=1000):
    """A layout with one image whose layer is `size` random bytes: its location and digest."""
    world.write("data", os.urandom(size))
    return "oci:out:v1", world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "data:/data",
                                       "--compression", "none", "--to", "oci:out:v1").digest


def unsaid(ended, *texts):
    for text in texts:
        check(text not in ended.out + ended.err, f"nothing secret in\n{ended}")


def test_tokens_by_scope(world):
    server, registry = tokens(world)
    good = authfile(world, "good.json", {registry.host: ("robot", "s3cr3t")})
    source, digest = image(world)
    ended = world.slipway("copy", source, f"{registry.host}/team/app:v1", status=14)
    check(registry.host in ended.err and "slipway login" in ended.err, f"the registry and a next step in\n{ended}")
    server.asked.clear()
    ended = world.slipway("copy", "-vvv", source, f"{registry.host}/team/app:v1", "--authfile", good)
    check_equal(ended.digest, digest, "the digest")
    check_equal(server.asked, [("GET", "robot", ("repository:team/app:pull,push",))], "one token for the whole copy")
    unsaid(ended, "s3cr3t", *server.issued)
    server.asked.clear()
    ended = world.slipway("copy", f"{registry.host}/team/app:v1", f"{registry.host}/other/app:v1", "-vvv", "--authfile", good)
    scopes = {scope for _, _, scopes in server.asked for scope in scopes}
    check_equal(scopes, {"repository:team/app:pull", "repository:other/app:pull,push"}, "scopes")
    check(len(server.asked) <= 3, f"a token for each repository and one for both, not {server.asked}")
    mounts = [path for method, path, status in registry.requests() if "mount=" in path and status == 201]
    check_equal(len(mounts), 2, "blobs mounted with a token for both repositories")
    unsaid(ended, "s3cr3t", *server.issued)
    reader = authfile(world, "reader.json", {registry.host: ("reader", "r3ad")})
    check_equal(world.slipway("digest", f"{registry.host}/team/app:v1", "--authfile", reader).out, digest + "\n", "digest")
    ended = world.slipway("tag", f"{registry.host}/team/app:v1", "v2", "--authfile", reader, status=14)
    unsaid(ended, "r3ad", *server.issued)
    wrong = authfile(world, "wrong.json", {registry.host: ("robot", "wr0ng")})
    unsaid(world.slipway("digest", f"{registry.host}/team/app:v1", "-vvv", "--authfile", wrong, status=14), "wr0ng")


def test_identity_tokens_and_servers_that_only_know_post(world):
    server, registry = tokens(world, get=False)
    source, digest = image(world)
    identity = authfile(world, "identity.json", {registry.host: {"identitytoken": server.identity["robot"]}})
    ended = world.slipway("copy", "-vvv", source, f"{registry.host}/team/app:v1", "--authfile", identity)
    check_equal(ended.digest, digest, "the digest")
    check_equal(server.asked, [("POST refresh_token", "robot", ("repository:team/app:pull,push",))], "token requests")
    unsaid(ended, server.identity["robot"], *server.issued)
    server.asked.clear()
    password = authfile(world, "password.json", {registry.host: ("robot", "s3cr3t")})
    world.slipway("digest", f"{registry.host}/team/app:v1", "--authfile", password)
    check_equal(server.asked, [("POST password", "robot", ("repository:team/app:pull",))], "token requests")
    revoked = authfile(world, "revoked.json", {registry.host: {"identitytoken": "gone"}})
    ended = world.slipway("digest", f"{registry.host}/team/app:v1", "--authfile", revoked, status=14)
    check("slipway login" in ended.err, f"what to do in\n{ended}")


def test_tokens_that_die_early(world):
    server, registry = tokens(world, lifetime=1, promised=300)
    good = authfile(world, "good.json", {registry.host: ("robot", "s3cr3t")})
    source, digest = image(world, 6 << 20)
    with Cutter(registry.host, up=5 << 20) as wire:
        entry = authfile(world, "wire.json", {wire.host: ("robot", "s3cr3t")})
        ended = world.slipway("copy", source, f"{wire.host}/team/app:v1", "--authfile", entry)
    check_equal(ended.digest, digest, "the digest")
    check_equal(world.slipway("digest", f"{registry.host}/team/app:v1", "--authfile", good).digest, digest, "what is there")


def test_login_with_a_token_server(world):
    server, registry = tokens(world)
    config = world.home / ".docker/config.json"
    ended = world.slipway("login", registry.host, "-u", "robot", "--password-stdin", input=b"wrong", status=14)
    unsaid(ended, "wrong")
    world.slipway("login", registry.host, "-u", "robot", "--password-stdin", input=b"s3cr3t\n")
    check_equal(config.stat().st_mode & 0o777, 0o600, "the file's mode")
    source, digest = image(world)
    world.slipway("copy", source, f"{registry.host}/team/app:v1")
    check_equal(world.slipway("auth", "which", registry.host).lines, [f"{registry.host}: password of robot from {config}"], "auth which")
    seen = world.tool("skopeo", "inspect", "--authfile", config, "--tls-verify=false", "--format", "{{.Digest}}",
                      f"docker://{registry.host}/team/app:v1")
    check_equal(seen.out.strip(), digest, "skopeo with slipway's login")
    config.chmod(0o644)
    check("chmod 600" in world.slipway("auth", "which", registry.host).err, "a warning of a file that others may read")
    world.slipway("logout", registry.host)
    check_equal(config.stat().st_mode & 0o777, 0o600, "the file's mode after another change")
    world.slipway("digest", f"{registry.host}/team/app:v1", status=14)


def test_behind_nginx_with_tls_logins_and_a_body_limit(world):
    passwords = world.write("htpasswd", world.tool("htpasswd", "-Bbn", "proxy", "pr0xy").out.strip() + "\n")
    nginx = world.stack.enter_context(Nginx(world, world.registry(), limit="1m", htpasswd=passwords))
    server, secured = tokens(world)
    logins = authfile(world, "logins.json", {nginx.host: ("proxy", "pr0xy"), secured.host: ("robot", "s3cr3t")})
    trust = ("--ca-file", nginx.certificate, "--authfile", logins)
    source, digest = image(world, 3 << 20)
    place = f"{nginx.host}/team/app:v1"
    check("ca-file" in world.slipway("copy", source, place, "--authfile", logins, "--retry", "0", status=15).err, "a next step")
    world.slipway("copy", source, place, "--ca-file", nginx.certificate, status=14)
    check_equal(world.slipway("copy", "-vvv", source, place, *trust).digest, digest, "the digest")
    statuses = [(method, status) for method, path, status in nginx.requests() if method in ("PUT", "PATCH")]
    check(("PUT", 413) in statuses and ("PATCH", 202) in statuses, f"a refusal, then chunks, in {statuses}")
    world.slipway("copy", place, "oci:back:v1", *trust)
    check_equal(layout_tags(world.folder / "back")["v1"], digest, "what was pulled")
    check_equal(world.slipway("copy", place, f"{secured.host}/team/app:v1", "--src-ca-file", nginx.certificate, "--authfile",
                              logins).digest, digest, "a copy to the other registry")
    world.slipway("validate", place, *trust)


def test_promotion_from_a_token_server_to_a_proxy(world):
    passwords = world.write("htpasswd", world.tool("htpasswd", "-Bbn", "proxy", "pr0xy").out.strip() + "\n")
    nginx = world.stack.enter_context(Nginx(world, world.registry(), limit="1m", htpasswd=passwords))
    server, registry = tokens(world)
    logins = authfile(world, "logins.json", {nginx.host: ("proxy", "pr0xy"), registry.host: ("robot", "s3cr3t")})
    certs = world.home / f".config/containers/certs.d/{nginx.host}"
    certs.mkdir(parents=True)
    shutil.copy(nginx.certificate, certs / "ca.crt")
    project = Project(world, repository=f"{registry.host}/team/hello", production=f"{nginx.host}/prod/hello")
    environment = {"REGISTRY_AUTH_FILE": str(logins)}
    digest = project.slipway("build", "--push", env=environment).digest
    project.slipway("release", "staging", env=environment)
    ended = project.slipway("promote", "staging", "production", "-vvv", env=environment)
    check_equal(ended.digest, digest, "what was promoted")
    unsaid(ended, "s3cr3t", "pr0xy", *server.issued)
    check_equal(project.slipway("digest", f"{nginx.host}/prod/hello:production", env=environment).digest, digest, "production")


def test_every_environment_may_have_a_login_of_its_own(world):
    server = world.stack.enter_context(TokenServer(world, {"builder": ("b1", {"team/": "pull,push", "stage/": "pull,push"}),
                                                           "releaser": ("r1", {"prod/": "pull,push"})}))
    host = (registry := world.registry(token=server)).host
    logins = authfile(world, "logins.json", {f"{host}/team": ("builder", "b1"), f"{host}/stage": ("builder", "b1"),
                                             f"{host}/prod": ("releaser", "r1")})
    project = Project(world, repository=f"{host}/team/hello", staging=f"{host}/stage/hello", production=f"{host}/prod/hello")
    environment = {"REGISTRY_AUTH_FILE": str(logins)}
    digest = project.slipway("build", "--push", env=environment).digest
    project.slipway("release", "staging", env=environment)
    check_equal(project.slipway("promote", "staging", "production", env=environment).digest, digest, "the promoted digest")
    check_equal(project.slipway("digest", f"{host}/prod/hello:production", env=environment).out, digest + "\n", "production")
    for how, user, scopes in server.asked:
        check(user == ("releaser" if scopes[0].startswith("repository:prod/") else "builder"), f"who asked for {scopes}: {user}")
    check_equal(world.slipway("auth", "which", f"{host}/prod/hello", env=environment).lines,
                [f"{host}: password of releaser from {logins}"], "auth which of a repository")


def test_certificates(world):
    ours, key = make_certificate(world, "client")
    nginx = world.stack.enter_context(Nginx(world, world.registry(), client_ca=ours))
    source, digest = image(world)
    place = f"{nginx.host}/team/app:v1"
    folder = world.folder / "certs"
    folder.mkdir()
    shutil.copy(nginx.certificate, folder / "ca.crt")
    world.slipway("copy", source, place, "--cert-dir", folder, status=1)
    shutil.copy(ours, folder / "me.cert")
    world.slipway("copy", source, place, "--cert-dir", folder, status=2)
    shutil.copy(key, folder / "me.key")
    check_equal(world.slipway("copy", source, place, "--cert-dir", folder).digest, digest, "with --cert-dir")
    found = world.home / ".config/containers/certs.d" / nginx.host
    shutil.copytree(folder, found)
    check_equal(world.slipway("digest", place).digest, digest, "with certs.d")
    shutil.rmtree(found)
    (folder / "ca.crt").unlink()
    check_equal(world.slipway("digest", place, "--cert-dir", folder, env={"SSL_CERT_FILE": str(nginx.certificate)}).digest,
                digest, "with SSL_CERT_FILE")
    world.slipway("digest", place, "--cert-dir", folder, "--tls-verify=false")


def test_probe_prints_what_it_found(world):
    passwords = world.write("htpasswd", world.tool("htpasswd", "-Bbn", "proxy", "pr0xy").out.strip() + "\n")
    nginx = world.stack.enter_context(Nginx(world, world.registry(), limit="1m", htpasswd=passwords))
    trust = ("--ca-file", nginx.certificate, "--authfile", authfile(world, "a.json", {nginx.host: ("proxy", "pr0xy")}))
    source, _ = image(world, 3 << 20)
    world.slipway("copy", source, f"{nginx.host}/team/app:v1", *trust)
    lines = world.slipway("probe", "--upload", f"{nginx.host}/team/app", *trust).lines
    table = {line[:16].strip(): line[17:] for line in lines}
    check_equal((table["TLS"], table["login"], table["tags"]), ("yes", "user name and password", "1"), "the first rows")
    check_equal((table["digest in HEAD"], table["chunks"], table["cancel"]), ("yes", "yes", "yes"), "what this registry does")
    check_equal(table["largest request"], "1.0 MiB", "what an earlier run learned")
    check(table["single POST"].startswith("no") and table["referrers API"].startswith("no"), f"what it does not: {table}")
    check(table["ranges"].startswith("yes"), f"ranges in {table}")
    check(table["checks manifests"].startswith("yes"), f"that manifests without their blobs are refused, in {table}")
    document = world.slipway("probe", "-o", "json", nginx.host, *trust).document
    check_equal(document["schema"], "slipway/v1/probe", "the schema")
    before = len(nginx.requests())
    world.slipway("copy", source, f"{nginx.host}/other/app:v1", *trust)
    check(413 not in [status for _, _, status in nginx.requests()[before:]], "the limit remembered by the next run")


def test_certificates_that_prove_nothing(world):
    nginx = world.stack.enter_context(Nginx(world, world.registry(), name="DNS:other.example"))
    for flags in ((), ("--ca-file", nginx.certificate)):
        ended = world.slipway("ls", f"{nginx.host}/team/app", "--retry", "0", *flags, status=15)
        check("certificate" in ended.err.lower() or "ssl" in ended.err.lower(), f"why in\n{ended}")
    taken = [line for line in nginx.requests() if line[2] != 400]  # without TLS loopback is tried first: 400
    check_equal(taken, [], "requests that were taken")


def test_an_expired_certificate(world):
    nginx = Nginx(world, world.registry())
    world.tool("openssl", "x509", "-in", nginx.certificate, "-signkey", nginx.key, "-days", "-1", "-out",
               world.folder / "expired.crt")
    (world.folder / "expired.crt").replace(nginx.certificate)
    world.stack.enter_context(nginx)
    ended = world.slipway("ls", f"{nginx.host}/team/app", "--retry", "0", "--ca-file", nginx.certificate, status=15)
    check("expired" in ended.err, f"why in\n{ended}")
    check_equal(nginx.requests(), [], "requests that were taken")


def test_a_download_that_is_cut_costs_the_rest(world):
    registry = world.registry()
    size = 20 << 20
    source, digest = image(world, size)
    world.slipway("copy", source, f"{registry.host}/team/app:v1")
    with Cutter(registry.host, down=size * 9 // 10) as wire:
        check_equal(world.slipway("copy", f"{wire.host}/team/app:v1", "oci:back:v1").digest, digest, "the digest")
        check_equal(wire.cuts, 1, "cuts")
        check(wire.passed["down"] < size * 1.35, f"a tenth again and what was under way, not {wire.passed}")
    world.slipway("validate", "oci:back:v1")


def test_an_upload_that_is_cut_starts_once_anew(world):
    """This registry forgets a session whose PUT was cut; where one does not, a unit test counts the bytes."""
    source_registry, registry = world.registry(), world.registry()
    size = 20 << 20
    source, digest = image(world, size)
    world.slipway("copy", source, f"{source_registry.host}/team/app:v1")
    for number, origin in enumerate((source, f"{source_registry.host}/team/app:v1")):
        with Cutter(registry.host, up=size * 9 // 10) as wire:
            place = f"team{number}/app:v1"
            check_equal(world.slipway("copy", origin, f"{wire.host}/{place}").digest, digest, "the digest")
            check_equal(wire.cuts, 1, "cuts")
            check(wire.passed["up"] < size * 2, f"one restart, not {wire.passed} of {size}")
        check_equal(world.slipway("digest", f"{registry.host}/{place}").digest, digest, "what is there")


def test_a_big_blob_between_registries_needs_little_memory(world):
    origin, registry = world.registry(), world.registry()
    world.tool("sh", "-c", "head -c 96M /dev/urandom > data")
    world.slipway("build", "--base", "scratch", "--platform", "linux/amd64", "--add", "data:/data", "--compression", "none",
                  "--to", f"{origin.host}/team/app:v1")
    peak = world.peak_mib("copy", f"{origin.host}/team/app:v1", f"{registry.host}/team/app:v1")
    check(peak <= 32, f"at most 32 MiB, not {peak:.0f}")
    check_equal(registry.digest_of("team/app", "v1"), origin.digest_of("team/app", "v1"), "the digest")
