"""The project's documents, as their tests read them: blocks to run, and figures with what they rest on.

Four comments, which no reader sees, say what a test needs to know:

    <!-- not run: REASON -->        in front of a console block that cannot be run here
    <!-- run: COMMAND -->           something to do in between: a server that the reader has running
    <!-- status: 1, 0 -->           in front of a block: the exit statuses of its commands, where one is not 0
    <!-- figures                    behind a paragraph, a list or a table: each of its figures, and a command
    10 s = limit HostLimits.drain   of which one line of output is just that
    -->
"""

import dataclasses
import re

from host import ROOT

FENCE = re.compile(r"^```(\w*)$")
NOTE = re.compile(r"^<!-- (not run|run|status|figures)(?:: (.*) -->)?$")

# What a number is followed by where it measures something.
UNITS = (
    "ms|s|seconds?|minutes?|hours?|days?|KiB|MiB|GiB|KB|MB|GB|bytes?|bits?|%|times|characters|arguments|sockets"
    "|players|processes|sessions|at a time|invocations|connections|hosts|addresses|proxies|(?:random )?bytes")
FIGURE = re.compile(
    rf"(?<![\w.,/:-])(?:\d[\d,]*(?:\.\d+)?(?: to \d[\d,]*)?(?:\s(?:{UNITS})\b(?! ago)|\s?%)|\d{{1,3}}(?:,\d{{3}})+)")


@dataclasses.dataclass
class Block:
    """A fenced block, or prose between blank lines (no language)."""

    path: str
    line: int
    language: str
    lines: list
    notes: dict

    @property
    def place(self):
        return f"{self.path}:{self.line}"

    @property
    def text(self):
        return "\n".join(self.lines)


def names():
    """Every document that says how things are now."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "Examples/Echo/README.md"]
    return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "CHANGELOG.md")


def blocks(path, text=None):
    """The blocks of a document, in order; a `run` note is a block of its own, with the language `run`."""
    lines = (text if text is not None else (ROOT / path).read_text(encoding="utf-8")).split("\n")
    found, notes, current, index = [], {}, None, 0
    while index < len(lines):
        line, number = lines[index], index + 1
        index += 1
        if fence := FENCE.match(line):
            end = lines.index("```", index)
            found.append(Block(path, number, fence[1] or "text", lines[index:end], notes))
            notes, current, index = {}, None, end + 1
        elif note := NOTE.match(line):
            kind, value = note[1], note[2]
            if kind == "figures":
                end = lines.index("-->", index)
                block = next(block for block in reversed(found) if not block.language)
                block.notes["figures"] = [text.split(" = ", 1) for text in lines[index:end]]
                index = end + 1
            elif kind == "run":
                found.append(Block(path, number, "run", [value], {}))
            else:
                notes[kind] = value
            current = None
        elif not line.strip() or line.startswith("#"):
            current = None
        elif line.startswith("<!--"):
            raise AssertionError(f"{path}:{number}: no such note: {line}")
        elif current:
            current.lines.append(line)
        else:
            current = Block(path, number, "", [line], {})
            found.append(current)
    return found


def figures(block):
    """The figures in prose: numbers with a unit, and those above a thousand. What stands in backquotes is code."""
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|RFC \d+|version \d[\d.]*", "``", " ".join(block.lines))
    return [found[0] for found in FIGURE.finditer(text)]


def commands(block):
    """The commands of a console block, each with the output that it shows."""
    found = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append([[line[2:]], []])
        elif found and not found[-1][1] and found[-1][0][-1].endswith("\\"):
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
    return [("\n".join(command), "\n".join(output)) for command, output in found]


ID = r"\b[a-z]+_[0-9a-z]{12,}(?:\.\.\.)?"
TOKEN = r"eyJ[\w.-]+"
TIME = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
PARTS = re.compile(
    rf"(?P<id>{ID})|(?P<token>{TOKEN})|(?P<time>{TIME})|(?P<any>\.\.\.)|(?P<space>\s+)|(?P<text>.)", re.S)


def pattern(output, known):
    """What an output must look like: `...` is anything, and so are ids, tokens and times, but each the same one
    everywhere. `known` has those of earlier outputs, and the pattern's groups are those that are new."""
    made, groups = [], {}
    for part in PARTS.finditer(output):
        text = part[0]
        match part.lastgroup:
            case "id" | "token" if text in known:
                made.append(re.escape(known[text]))
            case "id" | "token" if text in groups:
                made.append(f"(?P={groups[text]})")
            case "id" | "token":
                groups[text] = f"g{len(groups)}"
                form = r"eyJ[\w.-]+" if part.lastgroup == "token" else text.split("_")[0] + "_[0-9a-z]+"
                made.append(f"(?P<{groups[text]}>{form})")
            case "time":
                made.append(TIME)
            case "any":
                made.append(".*")
            case "space":
                made.append(r"\s*")
            case _:
                made.append(re.escape(text))
    return re.compile(r"\s*" + "".join(made) + r"\s*", re.S), groups
