"""The image-spec's JSON schemas over everything that a layout holds."""
import json

import jsonschema

from harness import ROOT, Failure, layout_blob, layout_index

FOLDER = ROOT / "testdata/schemas"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
SCHEMA_OF = {MANIFEST: "image-manifest-schema", INDEX: "image-index-schema", CONFIG: "config-schema"}


def _local(node, file):
    """Schema files refer to each other by relative names; here all stand in one document."""
    if isinstance(node, list):
        return [_local(item, file) for item in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "$ref":
            name, _, pointer = value.partition("#")
            out[key] = f"#/files/{(name or file + '.json')[:-5]}{pointer}"
        elif key == "id" and isinstance(value, str):
            continue  # would move the base that references are resolved against
        else:
            out[key] = _local(value, file)
    return out


FILES = {path.stem: _local(json.loads(path.read_text()), path.stem) for path in sorted(FOLDER.glob("*.json"))}


def validate(text, schema, what):
    """Fails unless `text` is valid under testdata/schemas/<schema>.json."""
    document = {"$ref": f"#/files/{schema}", "files": FILES}
    try:
        jsonschema.Draft4Validator(document).validate(json.loads(text))
    except jsonschema.ValidationError as error:
        raise Failure(f"{what} breaks {schema} at {'/'.join(map(str, error.absolute_path))}: {error.message}") from None


def validate_layout(path):
    """Every document that is reachable in a layout; gives how many of each schema there were."""
    counts = {}

    def visit(descriptor):
        schema = SCHEMA_OF.get(descriptor["mediaType"])
        if schema is None:
            return
        text = layout_blob(path, descriptor["digest"])
        validate(text, schema, descriptor["digest"])
        counts[schema] = counts.get(schema, 0) + 1
        document = json.loads(text)
        if schema == "image-manifest-schema":
            visit(document["config"])
        for child in document.get("manifests", []):
            visit(child)

    validate((path / "oci-layout").read_text(), "image-layout-schema", "oci-layout")
    validate((path / "index.json").read_text(), "image-index-schema", "index.json")
    for descriptor in layout_index(path)["manifests"]:
        visit(descriptor)
    return counts


def validate_sbom(text, name):
    """The SBOM schemas: testdata/schemas/sbom/<name>.json. What they refer to is of licences and signatures, which
    slipway's documents do not have: there nothing is accepted."""
    schema = json.loads((FOLDER / "sbom" / f"{name}.json").read_text())
    base = schema.get("$id", "").rsplit("/", 1)[0]
    store = {f"{base}/{file}": {"definitions": {"signature": False}, "not": {}} for file in ("spdx.schema.json", "jsf-0.82.schema.json")}
    resolver = jsonschema.RefResolver.from_schema(schema, store=store)
    try:
        jsonschema.Draft7Validator(schema, resolver=resolver).validate(json.loads(text))
    except jsonschema.ValidationError as error:
        raise Failure(f"the SBOM breaks {name} at {'/'.join(map(str, error.absolute_path))}: {error.message}") from None
