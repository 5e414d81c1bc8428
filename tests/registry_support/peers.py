#!/usr/bin/env python3
"""Prints how skopeo, crane and oras, as far as they are in PATH, cope with the quirks of quirky_registry.py.

Usage: peers.py LAYOUT: a layout with the images v1 and big. Cells name the tools whose command ended with 0 and did its
work; a tool in brackets ended with 0 and did not.
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from quirky_registry import QUIRKS, QuirkyRegistry  # noqa: E402  (found beside this file)

TAGS = ["a", "b", "c", "d", "hidden", "v1"]
COMMANDS = ("push", "pull", "tag", "ls", "digest")


def commands(tool, layout, honest, host, out):
    app, push = f"{host}/team/app", f"{host}/push/app:v1"
    return {
        "skopeo": {
            "push": ["copy", "--dest-tls-verify=false", f"oci:{layout}:big", f"docker://{push}"],
            "pull": ["copy", "--src-tls-verify=false", f"docker://{app}:v1", f"oci:{out}:v1"],
            "tag": ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{app}:v1", f"docker://{app}:new"],
            "ls": ["list-tags", "--tls-verify=false", f"docker://{app}"],
            "digest": ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{app}:v1"]},
        "crane": {
            "push": ["copy", "--insecure", f"{honest}/team/app:big", push],
            "pull": ["pull", "--insecure", "--format", "oci", f"{app}:v1", str(out)],
            "tag": ["tag", "--insecure", f"{app}:v1", "new"],
            "ls": ["ls", "--insecure", app],
            "digest": ["digest", "--insecure", f"{app}:v1"]},
        "oras": {
            "push": ["cp", "--from-plain-http", "--to-plain-http", f"{honest}/team/app:big", push],
            "pull": ["cp", "--from-plain-http", f"{app}:v1", "--to-oci-layout", f"{out}:v1"],
            "tag": ["tag", "--plain-http", f"{app}:v1", "new"],
            "ls": ["repo", "tags", "--plain-http", app],
            "digest": ["resolve", "--plain-http", f"{app}:v1"]},
    }[tool]


def skopeo_push(layout, tag, place):
    subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:{tag}", f"docker://{place}"], check=True)


def did_it(command, registry, digests, out, shown, quirk):
    wanted = set(TAGS) - ({"hidden"} if quirk == "there-not-listed" else set())
    return {"push": lambda: registry.digest("push/app", "v1") == digests["big"],
            "pull": lambda: digests["v1"] in (out / "index.json").read_text(),
            "tag": lambda: registry.digest("team/app", "new") == digests["v1"],
            "ls": lambda: all(f'"{tag}"' in shown or tag in shown.split() for tag in wanted),
            "digest": lambda: digests["v1"] in shown}[command]()


def measure(quirk, tools, layout, honest, folder):
    cells = {command: [] for command in COMMANDS}
    for tool in tools:
        with QuirkyRegistry() as registry:
            for tag in TAGS:
                skopeo_push(layout, "v1", f"{registry.host}/team/app:{tag}")
            digests = {tag: honest.digest("team/app", tag) for tag in ("v1", "big")}
            registry.quirk = quirk
            out = folder / f"{quirk}-{tool}"
            for command, words in commands(tool, layout, honest.host, registry.host, out).items():
                try:
                    done = subprocess.run([tool, *words], capture_output=True, text=True, timeout=60)
                    status, shown = done.returncode, done.stdout
                except subprocess.TimeoutExpired:
                    status, shown = 1, ""
                if status == 0:
                    fine = did_it(command, registry, digests, out, shown, quirk)
                    cells[command].append(tool if fine else f"({tool})")
    return cells


def main(layout):
    tools = [tool for tool in ("skopeo", "crane", "oras") if shutil.which(tool)]
    honest = QuirkyRegistry()
    for tag in ("v1", "big"):
        skopeo_push(layout, tag, f"{honest.host}/team/app:{tag}")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        rows = pool.map(lambda quirk: (quirk, measure(quirk, tools, layout, honest, pathlib.Path(folder))), QUIRKS)
        print("| registry | " + " | ".join(f"`{command}`" for command in COMMANDS) + " |\n|---" + "|---" * len(COMMANDS) + "|")
        for quirk, cells in rows:
            print(f"| {QUIRKS[quirk]} | " + " | ".join(", ".join(cells[command]) or "-" for command in COMMANDS) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
