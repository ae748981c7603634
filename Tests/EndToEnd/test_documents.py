"""README and docs say what is so: every console block runs, and every figure is what the command beside it prints."""

import contextlib
import io
import json
import os
import pathlib
import queue
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import documents
import javascript
from host import BINARY, ROOT, environment

# What a command may take; the slowest starts a host.
PATIENCE = 60
END = "\x1e"
ECHO = ROOT / "Examples/Echo"
MODULES = ROOT / ".build/debug/Modules"


class Shell:
    """One bash for one document, in a folder of its own that has the manifest and the scripts."""

    def __init__(self, document):
        self.folder = tempfile.TemporaryDirectory(prefix="gestaloka-documents-")
        here = pathlib.Path(self.folder.name)
        manifests = ECHO.glob("*.yaml") if document.startswith("Examples/Echo") else [ROOT / "functions.yaml"]
        for source in [*manifests, ROOT / "script", ROOT / "Tests", ROOT / "functions.schema.json"]:
            (here / source.name).symlink_to(source)
        (here / "bin").mkdir()
        (here / "bin/gestaloka").symlink_to(BINARY)
        for program in BINARY.parent.glob("function-*"):
            if program.is_file() and not program.suffix:
                (here / "bin" / program.name).symlink_to(program)
        for name in ["limit", "schema", "manifest"]:
            (here / "bin" / name).symlink_to(ROOT / "Tests/EndToEnd/figure.py")
        # `swift run NAME …` of the example, which is built already.
        swift = here / "bin/swift"
        swift.write_text(f'#!/bin/sh\n[ "$1" = run ] || exit 2\nshift\nname=$1\nshift\n'
                         f'exec {shlex.quote(str(ECHO))}/.build/debug/"$name" "$@"\n')
        swift.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        variables = environment(
            PATH=f"{here}/bin:{os.path.dirname(sys.executable)}:{os.environ['PATH']}", HOME=str(here),
            TMPDIR=str(here), GESTALOKA_BIN=str(BINARY), ROOT=str(ROOT), LC_ALL="C.UTF-8")
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=here, env=variables, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", bufsize=1)
        self._answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        text = ""
        while part := os.read(self.process.stdout.fileno(), 65_536).decode(errors="replace"):
            text += part
            while text.count(END) >= 2:
                output, status, text = text.split(END, 2)
                self._answers.put((output, int(status)))
        self._answers.put((text, -1))

    def translated(self, command):
        return re.sub(r"\b8000\b", self.port, command).replace("/tmp/", f"{self.folder.name}/")

    def __call__(self, command):
        """What a command prints, on both outputs, and its status. A server is waited for until it serves."""
        command = self.translated(command)
        if command.rstrip().endswith("&"):
            command = (
                "kill $server 2>&-; wait $server 2>&-; : > serve.log\n"
                f"{command.rstrip()[:-1]} > serve.log 2>&1 & server=$!\n"
                "timeout 30 sh -c 'until grep -q Serving\\ on serve.log; do sleep 0.02; done' || cat serve.log")
        print(f"{{\n{command}\n}} </dev/null\nprintf '{END}%s{END}' $?", file=self.process.stdin, flush=True)
        return self._answers.get(timeout=PATIENCE)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            print("kill $server 2>&-; wait; exit", file=self.process.stdin, flush=True)
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.folder.cleanup()


class DocumentTests(unittest.TestCase):
    def setUp(self):
        self.known = {}

    def tell(self, block, text):
        with self.subTest(block.place):
            self.fail(f"{block.place}: {text}")

    def console(self, shell, block):
        statuses = [int(word) for word in block.notes.get("status", "").split(",") if word]
        for index, (command, shown) in enumerate(documents.commands(block)):
            for written, real in self.known.items():
                command = command.replace(written, real)
            output, status = shell(command)
            expected = statuses[index] if index < len(statuses) else 0
            if status != expected:
                self.tell(block, f"{command}\nends with {status}, not {expected}:\n{output}")
                return
            if not shown:
                continue
            pattern, groups = documents.pattern(shown, self.known)
            if not (found := pattern.fullmatch(output)):
                self.tell(block, f"{command}\nprints\n{output}\nand not\n{shown}")
                return
            self.known.update((written, found[group]) for written, group in groups.items())

    def python(self, shell, block, names):
        """Runs a block of Python; what a line prints is in the comment behind it."""
        for name in set(re.findall(r"\b[A-Z]{3,}\b", block.text)):
            names[name] = shell(f'printf %s "${name}"')[0]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(shell.translated(block.text), block.place, "exec"), names)
        for line in block.lines:
            if line.strip().startswith("print(") and "  # " in line:
                self.assertIn(line.split("  # ", 1)[1], printed.getvalue().splitlines(), block.place)

    def javascript(self, shell, block):
        """Runs a block of JavaScript as a module, in which `io`, `url` and `token` are what the text says, until it has
        printed the id of the action that it does."""
        try:
            node, bundle = javascript.node(), javascript.bundle()
        except javascript.Missing as missing:
            print(f"\n*** SKIPPED: {block.place} is NOT run: {missing} ***", file=sys.stderr, flush=True)
            return
        with tempfile.TemporaryDirectory(prefix="gestaloka-documents-") as folder:
            here = pathlib.Path(folder)
            package = here / "node_modules/socket.io-client"
            package.mkdir(parents=True)
            browser = javascript.FOLDER / "browser.js"
            (package / "index.js").write_text(
                f"require({json.dumps(str(browser))});\nexports.io = require({json.dumps(str(bundle))});\n")
            names = {"url": f"http://127.0.0.1:{shell.port}", "token": shell('printf %s "$TOKEN"')[0]}
            # Node has no global `crypto` before 19; a page does.
            (here / "names.js").write_text(
                'globalThis.crypto ??= require("node:crypto").webcrypto;\n'
                f'Object.assign(globalThis, require("socket.io-client"), {json.dumps(names)});\n')
            (here / "block.mjs").write_text(shell.translated(block.text), encoding="utf-8")
            process = subprocess.Popen(
                [node, "--require", "./names.js", "block.mjs"], cwd=here, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
                env=environment(ORIGIN=names["url"]))
            timer = threading.Timer(PATIENCE, process.kill)
            timer.start()
            printed = []
            for line in process.stdout:
                printed.append(line)
                if re.fullmatch(documents.ID, line.strip()):
                    break
            else:
                self.tell(block, f"prints no action's id, but\n{''.join(printed)}")
            # A socket that is open keeps it running.
            process.kill()
            process.communicate()
            timer.cancel()

    def compiles(self, block):
        """A block of Swift is a function's."""
        with tempfile.TemporaryDirectory(prefix="gestaloka-documents-") as folder:
            file = pathlib.Path(folder) / "block.swift"
            file.write_text(f"import Runtime\n{block.text}\n", encoding="utf-8")
            command = ["swiftc", "-typecheck", "-swift-version", "6", "-parse-as-library", "-I", MODULES]
            # The C modules below them.
            command += [f"-I{path.parent}" for path in (ROOT / "Sources/System").glob("*/module.modulemap")]
            done = subprocess.run([*command, file], capture_output=True, text=True, timeout=PATIENCE)
            if done.returncode != 0:
                self.tell(block, done.stderr)

    def runs(self, document):
        shell, names, ran = Shell(document), {}, 0
        try:
            for block in documents.blocks(document):
                if "not run" in block.notes:
                    self.assertGreater(len(block.notes["not run"]), 10, f"{block.place}: why not?")
                elif block.language == "run":
                    output, status = shell(block.text)
                    self.assertEqual(status, 0, f"{block.place}: {output}")
                elif block.language == "console":
                    self.console(shell, block)
                    ran += 1
                elif block.language == "python":
                    self.python(shell, block, names)
                    ran += 1
                elif block.language == "js":
                    self.javascript(shell, block)
                    ran += 1
                elif block.language == "swift":
                    self.compiles(block)
            return ran
        finally:
            if "client" in names:
                names["client"].disconnect()
            shell.close()

    def test_every_console_block_runs(self):
        ran = {}
        for document in documents.names():
            with self.subTest(document):
                self.known = {}
                ran[document] = self.runs(document)
        self.assertGreater(ran["README.md"], 5)
        self.assertGreater(ran["docs/game.md"], 6)

    def test_no_block_of_a_shell_hides_from_this(self):
        for document in documents.names():
            for block in documents.blocks(document):
                self.assertNotIn(block.language, ["sh", "bash", "shell"], f"{block.place}: a console block")

    def test_every_figure_is_what_the_command_beside_it_prints(self):
        shell, seen = Shell("README.md"), 0
        self.addCleanup(shell.close)
        # Not by its path: that of a checkout in /tmp would be taken for a reader's.
        shell('cd "$ROOT"')
        for document in documents.names():
            for block in documents.blocks(document):
                if block.language:
                    continue
                told = block.notes.get("figures", [])
                prose = " ".join(block.lines)
                for figure, command in told:
                    output, status = shell(command)
                    seen += 1
                    if figure not in prose:
                        self.tell(block, f"{figure!r} does not stand there")
                    elif status != 0 or figure not in output.splitlines():
                        self.tell(block, f"{figure!r}: {command} prints\n{output}")
                for figure in documents.figures(block):
                    if document in self.RULES or self.is_measured(block, figure):
                        continue
                    if not any(figure in text or text in figure for text, _ in told):
                        self.tell(block, f"{figure!r} has no command: say in a 'figures' note where it is from")
        self.assertGreater(seen, 15)

    # A format's figures are its rules, to which the tests of recordings hold the code: few need a command.
    RULES = ("docs/recording-format.md",)

    MEASURED = re.compile(r"`((?:Benchmarks/[a-z][\w-]*|script/(?:soak|test-llama|fuzz))\b[^`]*)`")

    @classmethod
    def is_measured(cls, block, figure):
        """Whether a figure stands beside the command that measured it: in its row of a table, or in its paragraph."""
        rows = [row for row in block.lines if figure in row] if block.text.startswith("|") else [block.text]
        return bool(rows) and all(cls.MEASURED.search(row) for row in rows)

    def test_the_commands_that_measure_exist(self):
        texts = [block.text for name in documents.names() for block in documents.blocks(name) if not block.language]
        commands = {" ".join(found.split()) for text in texts for found in self.MEASURED.findall(text)}
        self.assertGreater(len(commands), 12)
        for command in sorted(commands):
            program, *options = shlex.split(command)
            with self.subTest(command):
                told = subprocess.run([ROOT / program, "--help"], capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(told.returncode, 0, told.stderr)
                for option in options:
                    if option.startswith("--"):
                        self.assertIn(option, told.stdout)

    def test_what_is_installed_is_told(self):
        script = (ROOT / "script/install").read_text(encoding="utf-8")
        packages = re.findall(r'missing="\$missing ([\w-]+)"', script)
        self.assertGreater(len(packages), 7)
        usage = script.split("TEXT")[1]
        for document, needed in [
            (usage, packages), ((ROOT / "README.md").read_text(encoding="utf-8"), packages),
            ((ECHO / "README.md").read_text(encoding="utf-8"), [name for name in packages if name.endswith("-dev")]),
        ]:
            for name in needed:
                self.assertIn(name, document)

    def test_the_variables_of_the_tests_are_told(self):
        files = [*ROOT.glob("Tests/**/*.py"), *ROOT.glob("Tests/**/*.swift"), *ROOT.glob("Benchmarks/*"),
                 *(path for path in ROOT.glob("script/*") if path.is_file())]
        # The functions of tests are told theirs by the tests.
        files = [path for path in files if "Tests/EndToEnd/functions" not in path.as_posix()]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        read = set(re.findall(r'(?:os\.environ(?:\.get\(|\[)|processInfo\.environment\[)"([A-Z_]+)"', text))
        table = {
            name for block in documents.blocks("CONTRIBUTING.md") if block.lines[0].startswith("| variable |")
            for row in block.lines for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
        self.assertEqual(table, read - {"PATH", "HOME", "TMPDIR"})

    def test_the_places_of_the_game_are_the_worlds(self):
        world = json.loads((ROOT / "Sources/Handlers/Game/world.json").read_text(encoding="utf-8"))
        expected = {
            place["id"]: (place["name"]["en"], place["exits"]) for place in world["locations"]}
        table = {}
        for block in documents.blocks("docs/game.md"):
            for row in block.lines:
                cells = [cell.strip() for cell in row.strip("|").split("|")]
                if len(cells) == 3 and cells[0].strip("`") in expected:
                    table[cells[0].strip("`")] = (cells[1], re.findall(r"`([^`]+)`", cells[2]))
        self.assertEqual(table, expected)

    def test_every_route_and_event_of_the_game_is_told(self):
        rows = json.loads(subprocess.run(
            [BINARY, "functions", "--json", "--manifest", ROOT / "functions.yaml"], capture_output=True, text=True,
            check=True, env=environment(), timeout=PATIENCE).stdout)
        text = (ROOT / "docs/game.md").read_text(encoding="utf-8")
        triggers = [trigger.split(" ", 1) for row in rows for trigger in row["triggers"]]
        self.assertGreater(len(triggers), 5)
        for kind, name in triggers:
            if kind in ("http", "socket") and not name.startswith("$"):
                self.assertIn(f"`{name}`", text)
        sources = "".join(
            path.read_text(encoding="utf-8") for path in (ROOT / "Sources/Handlers").glob("**/*.swift"))
        emitted = set(re.findall(r'context\.(?:emit|live)\(\s*"(\w+)"', sources))
        self.assertGreater(len(emitted), 2)
        for name in emitted:
            self.assertIn(f"`{name}`", text)
        members = set(re.findall(r'case \w+ = "(\w+)"', "".join(
            (ROOT / "Sources/Handlers" / name).read_text(encoding="utf-8") for name in self.SPOKEN)))
        self.assertGreater(len(members), 6)
        for name in members:
            self.assertRegex(text, rf'[`"]{name}[`"]')

    # What clients send and get.
    SPOKEN = (
        "GuestSession/GuestSession.swift", "PlayerAction/PlayerAction.swift", "Game/StoryEntry.swift",
        "StoryGeneration/StoryGeneration.swift", "StoryGeneration/Telling.swift")


class ReaderTests(unittest.TestCase):
    """That these tests can fail."""

    def test_what_an_output_must_look_like(self):
        known = {}
        pattern, groups = documents.pattern(
            '{"a":"action_01m8gyjesvj4ssggb9hv2jvwmk",\n "b":"action_01m8gyjesvj4ssggb9hv2jvwmk",...}', known)
        real = '{"a":"action_111111111111","b":"action_111111111111","c":1}'
        self.assertEqual(pattern.fullmatch(real)["g0"], "action_111111111111")
        self.assertIsNone(pattern.fullmatch(real.replace('"b":"action_1', '"b":"action_2')))
        self.assertIsNone(pattern.fullmatch('{"a":"job_111111111111"}'))
        later, _ = documents.pattern("action_01m8gyjesvj4ssggb9hv2jvwmk", {"action_01m8gyjesvj4ssggb9hv2jvwmk": "x"})
        self.assertIsNotNone(later.fullmatch("x"))

    def test_figures_are_found(self):
        block = documents.Block("a.md", 1, "", [
            "It takes 10 s, 3.4 KiB and 31,700 of them, 1 to 64 processes, 90 %, in `5 s`.",
            "RFC 9457 and status 422, Debian 12, version 0.1.0 do not count, nor `x` 2024."], {})
        self.assertEqual(
            documents.figures(block), ["10 s", "3.4 KiB", "31,700", "1 to 64 processes", "90 %"])

    def test_notes_are_read(self):
        found = documents.blocks("a.md", "\n".join([
            "# A", "Text 5 s.", "", "<!-- figures", "5 s = echo 5 s", "-->", "", "<!-- not run: no reason at all -->",
            "```console", "$ a \\", "  b", "out", "$ c", "```", "<!-- run: d -->", ""]))
        self.assertEqual([block.language for block in found], ["", "console", "run"])
        self.assertEqual(found[0].notes, {"figures": [["5 s", "echo 5 s"]]})
        self.assertEqual(found[1].notes, {"not run": "no reason at all"})
        self.assertEqual(documents.commands(found[1]), [("a \\\n  b", "out"), ("c", "")])


if __name__ == "__main__":
    unittest.main()
