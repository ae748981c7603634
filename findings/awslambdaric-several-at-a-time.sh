#!/bin/sh
# awslambdaric 4.2.2, AWS's client of the Lambda Runtime API for Python, with several invocations at a time
# (AWS_LAMBDA_MAX_CONCURRENCY=N): it forks N processes that each ask for events, and looks after none.
#
# - A handler that cannot be imported is reported N times to init/error, once by each process, and the program ends with
#   exit status 0: whoever reads the status takes a failed start for a clean end. (One at a time it ends with 1.)
# - A process of the N that ends is not replaced, and the program does not end while another one is there: what
#   serves it must count the requests for events, and not processes.
# - An event is decoded only where its content type is `application/json`, exactly: with `; charset=utf-8` behind it the
#   handler gets bytes, and no error.
#
# Installs the package in a temporary folder, and runs it against a server of 60 lines. Fails where that has changed.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
python3 -m venv "$folder/venv"
"$folder/venv/bin/python3" -m pip install --quiet --disable-pip-version-check awslambdaric==4.2.2
cat > "$folder/app.py" <<'PYTHON'
import os

def handler(event, context):
    if event == {"leave": True}:
        os._exit(0)
    return type(event).__name__
PYTHON
cat > "$folder/try.py" <<'PYTHON'
import http.server, json, os, queue, signal, subprocess, sys, threading, time

COUNT = 3

class API:
    def __init__(self):
        self.events, self.told, self.asked = queue.Queue(), queue.Queue(), 0
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *_): pass
            def do_GET(self):
                api.asked += 1
                kind, body = api.events.get()
                self.send_response(200)
                for name, value in {"Content-Type": kind, "Lambda-Runtime-Aws-Request-Id": "one",
                                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60000),
                                    "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.told.put((self.path.rpartition("runtime/")[2], body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64
            def handle_error(self, *_): pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, handler):
        environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
                       "AWS_LAMBDA_MAX_CONCURRENCY": str(COUNT), "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}
        return subprocess.Popen([sys.executable, "-m", "awslambdaric", handler], env=environment,
                                cwd=sys.path[0], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

def until(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)

api = API()
broken = api.run("nowhere.handler")
status = broken.wait(30)
reports = api.told.qsize()
print("cannot be imported:", reports, "reports, exit status", status)

api = API()
whole = api.run("app.handler")
until(lambda: api.asked == COUNT)
for kind in ("application/json", "application/json; charset=utf-8"):
    api.events.put((kind, b"{}"))
    print(kind + ":", api.told.get(timeout=20)[1].decode())
until(lambda: api.asked == COUNT + 2)
api.events.put(("application/json", b'{"leave": true}'))
time.sleep(3)
print("one has left: the program", "runs" if whole.poll() is None else "has ended", "and",
      api.asked - 3, "ask")
os.killpg(whole.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python3" "$folder/try.py" | tee "$folder/said"
cmp -s - "$folder/said" <<'TEXT' || { echo "This has changed." >&2; exit 1; }
cannot be imported: 3 reports, exit status 0
application/json: "dict"
application/json; charset=utf-8: "bytes"
one has left: the program runs and 2 ask
TEXT
