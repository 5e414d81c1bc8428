"""Every document of -o json is valid under its schema in docs/schemas, which knows each of its members."""
import json
import re

import jsonschema

from harness import ROOT, Failure, check, check_equal
from projects import Project
from run_test import podman_env

FOLDER = ROOT / "docs/schemas"
PRINTED = re.compile(r'"schema", "slipway/v1/([a-z-]+)"')


def closed(node):
    """The schema without room for members that it does not name: it must know everything that is printed today."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: closed(value) for key, value in node.items()}
    if "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def schema_of(kind):
    path = FOLDER / f"{kind}.json"
    check(path.exists(), f"a schema for slipway/v1/{kind}: docs/schemas/{kind}.json")
    return json.loads(path.read_text())


def validate(document, what):
    version, kind = document["schema"].split("/")[1:]
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    check_equal(schema["properties"]["schema"]["const"], f"slipway/{version}/{kind}", "the name in the schema")
    problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                for error in jsonschema.Draft202012Validator(closed(schema)).iter_errors(document)]
    if problems:
        raise Failure(f"{what} breaks docs/schemas/{kind}.json: {'; '.join(problems)}\n{json.dumps(document, indent=1)}")
    return kind


def documents(world):
    """(what, document) of every command that prints one."""
    registry = world.registry()
    project = Project(world, repository=f"{registry.host}/team/hello", settle="0s", platforms=("amd64", "arm64"))
    world.static_program()

    def ask(*argv, status=0, env=None):
        ended = project.slipway(*argv, "-o", "json", status=status, env=env or {})
        return " ".join(map(str, argv)), ended.document

    image = f"{registry.host}/team/hello:latest"
    yield ask("build", "--push", "--metadata-file", "metadata.json")
    yield "--metadata-file", json.loads((project.folder / "metadata.json").read_text())
    keys = {"SLIPWAY_KEY_PASSWORD": "a secret"}
    yield ask("key", "generate", env=keys)
    yield ask("key", "show", "slipway.pub")
    yield ask("sign", image, "--key", "slipway.key", env=keys)
    yield ask("attest", image, "--key", "slipway.key", "--type", "custom", "--predicate", "metadata.json", env=keys)
    yield ask("verify", image, "--key", "slipway.pub")
    yield ask("verify", image, "--key", "slipway.pub", "--type", "custom")
    yield ask("release", "staging")
    yield ask("promote", "staging", "production", "--plan", "plan.json")
    plan = json.loads((project.folder / "plan.json").read_text())
    yield "a plan", plan
    yield "its entry", plan["entry"]
    yield ask("approve", "production", "--reason", "meeting")
    yield ask("promote", "staging", "production", "--reason", "first")
    project.edition("second")
    yield ask("build", "--push")
    yield ask("release", "staging")
    yield ask("promote", "staging", "production")
    yield ask("rollback", "production", "--reason", "errors")
    project.slipway("unhold", "production")
    yield ask("hold", "production", "--reason", "incident")
    for words in (("status",), ("history", "production"), ("show", "production"), ("verify", "production"), ("verify", image),
                  ("verify", "--all"), ("doctor",), ("drift", "production"), ("history", image), ("inspect", image), ("files", image),
                  ("inspect", f"{registry.host}/team/hello-releases:" + project.slipway("ls", f"{registry.host}/team/hello-releases").lines[0]),
                  ("digest", image), ("ls", image.rsplit(":", 1)[0]), ("referrers", "staging"), ("validate", image), ("version",),
                  ("why", image, "/srv/list"), ("catalog", registry.host), ("probe", registry.host), ("auth", "which", registry.host),
                  ("diff", "staging", "production"), ("diff", image, "oci:out:v1"), ("cache", "stats"), ("cache", "prune"),
                  ("closure", "/bin/ls"), ("tag", image, "more"), ("copy", image, "oci:out:v1"), ("unpack", image, "root"),
                  ("export", "production", "--format", "kustomize", "--to", "out"), ("retire", "production", "--keep", "1"),
                  ("retire", "--builds", "--only-ledgers"), ("pin", "--env", "production", "deploy/kubernetes.yaml"),
                  ("attach", image, "deploy/staging.env", "--artifact-type", "text/plain"), ("put", "oci:files:v1", "deploy/staging.env"),
                  ("get", "oci:files:v1", "got"), ("delete", "oci:files:v1")):
        if words[0] == "diff" and words[2] == "oci:out:v1":
            project.slipway("build", "--base", "scratch", "--add", f"{world.folder}/hello:/bin/hello", "--to", "oci:out:v1")
        yield ask(*words, status=0 if words[0] != "doctor" else None)
    yield ask("load", "staging", "--into", "podman", "--name", "localhost/hello:now", env=podman_env(world))


def test_every_document_is_valid_under_a_schema_that_knows_its_members(world):
    seen = {validate(document, what) for what, document in documents(world)}
    printed = set()
    for path in sorted((ROOT / "src/cli").glob("*.cpp")):
        printed |= set(PRINTED.findall(path.read_text()))
    check_equal(sorted(printed - seen), [], "the documents that no command of this test printed")
    check_equal(sorted(seen - {path.stem for path in FOLDER.glob("*.json")}), [], "documents without a schema")
