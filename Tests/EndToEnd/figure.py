#!/usr/bin/env python3
"""Prints what the code says of a figure in a document, in each way of writing it, one a line.

Usage: limit TYPE.MEMBER [UNIT]        a number or a duration in Swift
       schema OBJECT.KEY [UNIT]        a default of functions.schema.json
       manifest FUNCTION.KEY [UNIT]    a limit of functions.yaml: rate, timeout, body

The tests of the documents (test_documents.py) put it into PATH under these names. UNIT is what the document counts.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


def number(text):
    """A whole number as Swift writes it: 20_000, 64 << 10, 24 * 3_600."""
    parts = [int(part) for part in re.findall(r"\d+", text.replace("_", ""))]
    if "<<" in text:
        return parts[0] << parts[1]
    result = 1
    for part in parts:
        result *= part
    return result


def declared(name):
    kind, member = name.split(".")
    here = re.compile(rf"\b(?:struct|enum|class|extension) {kind}\b")
    there = re.compile(rf"\b{member}(?:: [\w.]+\??)? = ([^,\n]*?)\s*(?:,|\n|\)\s*\{{)")
    for path in sorted(ROOT.glob("Sources/**/*.swift")):
        text = path.read_text(encoding="utf-8")
        if here.search(text) and (found := there.search(text)):
            return found[1]
    sys.exit(f"there is no {name} in Sources")


def counts(value, unit):
    yield from (f"{form} {unit}".strip() for form in {str(value), f"{value:,}"})
    for name, factor in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]:
        if value >= factor and value % factor == 0:
            yield f"{value // factor} {name}"


def times(milliseconds):
    yield f"{milliseconds} ms"
    if milliseconds > 1_000 and milliseconds % 100 == 0 and milliseconds % 1_000:
        yield f"{milliseconds / 1_000} s"
    if milliseconds % 1_000 == 0:
        seconds = milliseconds // 1_000
        yield f"{seconds} s"
        for name, factor in SECONDS.items():
            if seconds % factor == 0:
                yield f"{seconds // factor} {name}{'' if seconds == factor else 's'}"


def limit(name, unit):
    text = declared(name)
    if found := re.match(r"(?:Duration)?\.(seconds|milliseconds)\((.*)\)", text):
        return times(number(found[2]) * (1_000 if found[1] == "seconds" else 1))
    if "..." in text:
        least, most = (number(part) for part in text.split("..."))
        return [f"{least} to {most:,} {unit}".strip()]
    return counts(number(text), unit)


def written(text, unit):
    """A value as a manifest has it: 2m, 64KiB, 30/minute, 10000/5 seconds, 256."""
    if found := re.fullmatch(r"(\d+)/(?:(\d+) )?(second|minute|hour|day)s?", text):
        count, many, every = int(found[1]), int(found[2] or 1), found[3]
        return [*counts(count, unit), *times(many * SECONDS[every] * 1_000), f"{count} {unit} a {every}"]
    if found := re.fullmatch(r"(\d+) *(ms|s|m|h|d)", text):
        factor = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[found[2]]
        return times(int(found[1]) * factor)
    if found := re.fullmatch(r"(\d+) *(B|KB|KiB|MB|MiB)", text):
        return [f"{found[1]} {found[2]}"]
    return counts(int(text), unit)


def schema(name, unit):
    document = json.loads((ROOT / "functions.schema.json").read_text(encoding="utf-8"))
    kind, key = name.split(".")
    return written(str(document["definitions"][kind]["properties"][key]["default"]), unit)


def manifest(name, unit):
    function, key = name.split(".")
    program = [os.environ["GESTALOKA_BIN"], "functions", "--json", "--manifest", ROOT / "functions.yaml"]
    rows = json.loads(subprocess.run(program, capture_output=True, check=True, text=True).stdout)
    row = next(row for row in rows if row["name"] == function)
    if key == "rate":
        return [form for rate in row["rate"] for form in written(rate, unit)]
    return counts(row["body_bytes"], unit) if key == "body" else times(int(row["timeout_seconds"] * 1_000))


if __name__ == "__main__":
    kind = pathlib.Path(sys.argv[0]).name
    forms = {"limit": limit, "schema": schema, "manifest": manifest}[kind](sys.argv[1], " ".join(sys.argv[2:]))
    print("\n".join(forms))
