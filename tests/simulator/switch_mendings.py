#!/usr/bin/env python3
"""Writes sources of the release path whose mendings can be taken out at run time, for the simulator without them.

Usage: tests/simulator/switch_mendings.py SOURCE OUTPUT | --list

Reads each file below SOURCE that has mendings and writes it below OUTPUT, where each mending asks a switch
(tests/simulator/without/switch.h), and OUTPUT/mendings.cpp with their names. Ends with an error when the text of a mending is not in its file once: then the code
changed, and MENDINGS is adapted. --list prints the files, one a line.
"""
import pathlib
import sys

# (name, fault that comes back, file, text, text with the switch OUT)
MENDINGS = [
    ("L1", "an entry that is listed and not there blocks its environment", "src/release/ledger.cpp",
     "  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(why));\n  if (!unreadable) return fail(why);\n"
     "  if (why.message != kRemoved)",
     "  if (OUT && (!is_answer(why) || why.message != kRemoved)) return fail(why);\n"
     "  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(why));\n  if (!unreadable) return fail(why);\n"
     "  if (why.message != kRemoved)"),
    ("L3", "a config tag that is listed counts as proof that the config is there", "src/release/apply.cpp",
     "  if (listed && require_config(entry.config, *target, tag)) return {};\n"
     "  SLIPWAY_TRY(push_config(artifact, *target, tag));\n",
     "  if (OUT) return listed ? Status() : push_config(artifact, *target, tag);\n"
     "  if (listed && require_config(entry.config, *target, tag)) return {};\n"
     "  SLIPWAY_TRY(push_config(artifact, *target, tag));\n"),
    ("L4", "nothing decides between simultaneous writers", "src/release/contest.cpp",
     "  if (!is_contested(ledger, services)) return entry;", "  if (OUT || !is_contested(ledger, services)) return entry;"),
    ("L2-bound", "tags that cannot be read use up the bound on time", "src/release/contest.cpp",
     "  if (clock.monotonic() - first <= services.settle / 2) {",
     "  if (OUT || clock.monotonic() - first <= services.settle / 2) {"),
    ("W3", "a promotion brings back a build that was rolled back from, and loses hotfixes",
     "src/release/plan_draft.cpp",
     "  if (plan.entry.kind != Kind::promote) return reasons;\n",
     "  if (OUT || plan.entry.kind != Kind::promote) return reasons;\n"),
    ("W3-hold", "the hold of a rollback ends with the next bypassed release", "src/release/event.cpp",
     "  if (head.entry.kind != Kind::rollback && !head.entry.held) return false;",
     "  if (head.entry.kind != Kind::rollback && (OUT || !head.entry.held)) return false;"),
    ("keep-tags", "the keep tag of a writer that died blocks other machines", "src/release/keep_tags.cpp",
     "  if (!found || !plan.claims) {\n    Status moved",
     "  if (OUT && found) return fail(taken_error(target, tag, *found, root.digest));\n"
     "  if (!found || !plan.claims) {\n    Status moved"),
    ("moving-tag", "a moving tag whose link is empty blocks its environment", "src/release/tags.cpp",
     "  if (found || !is_unreadable(found.error())) return found;",
     "  if (OUT || found || !is_unreadable(found.error())) return found;"),
]


def switched(text: str, file: str) -> str:
    for name, _, where, mending, instead in MENDINGS:
        if where != file:
            continue
        if text.count(mending) != 1:
            sys.exit(f"switch_mendings.py: {name}: its text is not in {file} once; adapt MENDINGS")
        text = text.replace(mending, instead.replace("OUT", f'slipway::sim::is_out("{name}")'))
    return '#include "simulator/without/switch.h"\n' + text


def table() -> str:
    rows = "".join(f'    {{"{name}", "{fault}"}},\n' for name, fault, *_ in MENDINGS)
    return ('#include "simulator/without/switch.h"\n\nnamespace slipway::sim {\n\n'
            f"const std::vector<Mending>& mendings() {{\n  static const std::vector<Mending> all{{\n{rows}  }};\n"
            "  return all;\n}\n\n}  // namespace slipway::sim\n")


def main() -> int:
    files = sorted({mending[2] for mending in MENDINGS})
    if sys.argv[1:] == ["--list"]:
        print("\n".join(files))
        return 0
    source, output = map(pathlib.Path, sys.argv[1:3])
    for file in files:
        place = output / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(switched((source / file).read_text(), file))
    (output / "mendings.cpp").write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
