"""script/env reads a file of variables and never executes it; script/serve reads .env with it."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from host import PATIENCE, ROOT, environment


class EnvTestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-env-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def variables(self, text, **set_already):
        """What a program sees of a file with this text."""
        return self.seen(self.run_env(text, **set_already))

    def run_env(self, text, **set_already):
        file = self.folder / "file.env"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return subprocess.run(
            [ROOT / "script/env", file, "env", "-0"], capture_output=True, cwd=self.folder, timeout=PATIENCE,
            env=environment(**set_already))

    def seen(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        pairs = dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if pair)
        of_every_shell = {"PATH", "HOME", "PWD", "OLDPWD", "_", "SHLVL"}
        return {name: value for name, value in pairs.items() if name not in of_every_shell}


class EnvFileTests(EnvTestCase):
    def test_values_are_taken_as_they_stand(self):
        for written, value in [
            ("30/minute;500/hour", "30/minute;500/hour"), ("a b  c", "a b  c"), ("  a  ", "a"), ("", ""),
            ("$HOME `id` $(id) & | > x < y * ?", "$HOME `id` $(id) & | > x < y * ?"), ("a=b", "a=b"), ("x#y", "x#y"),
            ("a'b\"c", "a'b\"c"), ("'it''s'", None), ("'$x \\ # \"y\"'", '$x \\ # "y"'), ('""', ""), ("''", ""),
            ('" a "', " a "), ('"say \\"hi\\" \\$x \\` \\\\ \\n"', 'say "hi" $x ` \\ \\n'), ("日本語", "日本語"),
            ("~/x", "~/x"), ("a\r", "a"), ("-n", "-n"), ("%s", "%s"),
        ]:
            with self.subTest(written):
                if value is None:
                    self.assertEqual(self.run_env(f"A={written}\n").returncode, 2)
                else:
                    self.assertEqual(self.variables(f"A={written}\n"), {"A": value})

    def test_lines(self):
        text = (
            "# comment\n; comment\n\n   \n  # indented\nexport A=1\nexport\tB = 2\n  C\t=\t3\t\nD=x\nD=y\nE=last")
        self.assertEqual(self.variables(text), {"A": "1", "B": "2", "C": "3", "D": "y", "E": "last"})

    def test_nothing_of_it_runs(self):
        mark = self.folder / "mark"
        for text in [f"A=x; touch {mark}", f"A=$(touch {mark})", f"A=`touch {mark}`", f'A="$(touch {mark})"',
                     f"touch {mark}", f"A=1 touch {mark}", f"$(touch {mark})=1", f"A[$(touch {mark})]=1"]:
            with self.subTest(text):
                self.run_env(text + "\n")
                self.assertFalse(mark.exists())

    def test_what_is_set_already_counts_more(self):
        self.assertEqual(
            self.variables("A=file\nB=file\nC=file\nC=again\n", A="caller", B=""),
            {"A": "caller", "B": "", "C": "again"})

    def test_a_bad_line_is_named_with_its_number_and_nothing_is_run(self):
        for line, reason in [
            ("STORE", "a line is NAME=VALUE"), ("=x", "no name of a variable"), ("1A=x", "no name of a variable"),
            ("A-B=x", "no name of a variable"), ("A B=x", "no name of a variable"), ('A="x', "the quote is not closed"),
            ("A='x", "the quote is not closed"), ('A="x\\"', "the quote is not closed"),
            ('A="x" y', "text behind the quote"), ("A='x' # y", "text behind the quote"),
            ("A=x # y", "a # behind a blank"), ("A=x\t#y", "a # behind a blank"), ("A=x\\", "a backslash"),
            ("A=x\\y", "a backslash"), ("_text=x", "this script's own"),
            # systemd 252's parse_env_file_internal (src/basic/env-file.c, COMMENT_ESCAPE) joins the next line to it.
            # From 254 on it does not.
            ("# a comment \\", "systemd before 254"), ("; a comment \\  ", "systemd before 254"),
        ]:
            with self.subTest(line):
                done = self.run_env(f"# one\n\n{line}\nB=2\n")
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertRegex(done.stderr.decode(), rf"^\S+/file\.env:3: .*{reason}.*\n$")

    def test_the_example_is_one(self):
        text = (ROOT / ".env.example").read_text(encoding="utf-8")
        uncommented = "\n".join(
            line[1:] if line[:1] == "#" and line[1:2].isupper() and "=" in line.split()[0] else line
            for line in text.split("\n"))
        self.assertEqual(self.variables(text)["ENVIRONMENT"], "development")
        self.assertEqual(self.variables(uncommented)["STORY_RATE"], "10/minute;100/hour")

    def test_usage(self):
        for arguments, status in [(["--help"], 0), ([], 2), (["x"], 2), (["missing.env", "true"], 2)]:
            done = subprocess.run(
                [ROOT / "script/env", *arguments], capture_output=True, cwd=self.folder, timeout=PATIENCE)
            self.assertEqual(done.returncode, status, arguments)
        done = subprocess.run(
            [ROOT / "script/env", "/dev/null", "sh", "-c", 'echo "$1|$2"; exit 7', "-", "a b", "*"],
            capture_output=True, cwd=self.folder, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (7, b"a b|*\n"))


class ServeTests(EnvTestCase):
    """script/serve with everything in place but the build: the program that it starts says what it was given."""

    def setUp(self):
        super().setUp()
        (self.folder / "script").mkdir()
        for name in ["serve", "env"]:
            if (ROOT / "script" / name).exists():
                shutil.copy(ROOT / "script" / name, self.folder / "script" / name)
        (self.folder / ".build/release").mkdir(parents=True)
        for name, text in [("script/install", ""), ("script/build", ""), (".build/release/gestaloka", "env -0\n")]:
            (self.folder / name).write_text(f"#!/bin/sh\n{text}")
            (self.folder / name).chmod(0o755)

    def serve(self, **set_already):
        return subprocess.run(
            [self.folder / "script/serve"], capture_output=True, cwd="/", timeout=PATIENCE,
            env=environment(**set_already))

    def test_the_file_is_read(self):
        (self.folder / ".env").write_text('STORY_RATE=30/minute;500/hour\nSTORE="a b.db"\nDEBUG=true\n')
        self.assertEqual(
            self.seen(self.serve(DEBUG="false")),
            {"STORY_RATE": "30/minute;500/hour", "STORE": "a b.db", "DEBUG": "false"})

    def test_a_bad_line_is_named(self):
        (self.folder / ".env").write_text("STORE=x.db\nGUESTS true\n")
        done = self.serve()
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b".env:2: ", done.stderr)

    def test_no_file_is_needed(self):
        self.assertEqual(self.seen(self.serve()), {})


if __name__ == "__main__":
    unittest.main()
