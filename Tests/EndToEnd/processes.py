"""Hosts with functions in processes of their own, and what such processes leave."""

import json
import pathlib
import sys
import threading

from host import PATIENCE, HostTestCase

FUNCTIONS = pathlib.Path(__file__).with_name("functions")


def command(program, *arguments):
    """A function's `command`: a program of FUNCTIONS, by this Python."""
    return json.dumps([sys.executable, str(FUNCTIONS / program), *map(str, arguments)])


def commands_of(word):
    """The processes among whose arguments is a word: their numbers and states."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if word in words:
            found[int(folder.name)] = state
    return found


def zombies_of(pid):
    """Children of a process that it has not waited for."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] == "Z" and int(fields[1]) == pid:
                found.append(int(folder.name))
    return found


class ProcessTestCase(HostTestCase):
    """Hosts whose manifests tests write themselves. What processes leave is looked for at the end."""

    def setUp(self):
        self.folder = None
        super().setUp()

    def prepare(self):
        """Makes the folder for a host to come: its manifest, and where its processes have their temporary folders."""
        if self.folder is None:
            self.folder = pathlib.Path(self.store).parent
            self.temporary = self.folder / "tmp"
            self.temporary.mkdir()
            self.manifest = self.folder / "functions.yaml"
            self.manifest.write_text(self.written())
            self.options = ("--manifest", str(self.manifest))
            self.addCleanup(self.check_nothing_is_left)

    def written(self):
        """The manifest's text."""
        raise NotImplementedError

    def launch(self, arguments=("--port", "0"), **variables):
        self.prepare()
        return super().launch(arguments, **{"TMPDIR": str(self.temporary), **variables})

    def check_nothing_is_left(self):
        # The hosts have been stopped before: cleanups run backwards, and theirs were added later.
        self.eventually(lambda: not self.processes(), "no process of a function is left")
        self.eventually(lambda: not list(self.temporary.iterdir()), "no temporary folder is left")

    def processes(self, word=None):
        """Processes that name this test's folder, or a word of it, among their arguments."""
        return commands_of(str(word or self.folder))

    def metrics(self, name):
        """The values of a metric, by the set of its labels."""
        values = {}
        for line in self.host.request("GET", "/metrics").body.decode().splitlines():
            if line.startswith(name + "{"):
                labels, _, value = line[len(name) + 1 :].rpartition("} ")
                values[frozenset(label.replace('"', "") for label in labels.split(","))] = float(value)
        return values

    def instances(self, function):
        """How many processes of a function are starting, idle and busy."""
        values = self.metrics("gestaloka_instances")
        states = ("starting", "idle", "busy")
        return tuple(values[frozenset({f"function={function}", f"state={state}"})] for state in states)

    def reports(self, function, host=None):
        """The reports of a function's invocations, as the log has them."""
        return [
            entry for entry in list((host or self.host).log)
            if entry["message"] == "Instance report" and entry["function"] == function]


class Neighbours:
    """Other callers, who go on calling until it is over. `errors` is what they were told but what they expected."""

    def __init__(self, host, *requests):
        self.host = host
        self.calls = [0] * len(requests)
        self.errors = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(number, *request), daemon=True)
            for number, request in enumerate(requests)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)

    def _go_on(self, number, expected, *request):
        while not self._ended.is_set():
            try:
                answer = self.host.request(*request)
                if answer.status != expected:
                    self.errors.append((request, answer))
            except OSError as error:
                self.errors.append((request, error))
            self.calls[number] += 1
            self._ended.wait(0.02)
