"""An HTTPS target for tests.

Every request becomes one line of JSON in the journal, before it is answered: when, Idempotency-Key, path, headers, body. The control
file says how the next requests are answered, first line first: {"script": [{"status": 500}, …]}; after the script, with 200. A step
may have "status", "headers", "body", "delay" (seconds before the answer), "hang" (no answer at all) and "stall" (a status, and no body). The port is chosen by the
system and printed on standard output.
"""

import argparse
import http.server
import json
import os
import ssl
import threading
import time

LOCK = threading.Lock()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", required=True)
    parser.add_argument("--control", required=True)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    options = parser.parse_args()
    journal = open(options.journal, "a", encoding="utf-8")

    def step():
        try:
            with open(options.control, encoding="utf-8") as file:
                script = json.load(file)["script"]
        except FileNotFoundError:
            return {}
        if not script:
            return {}
        with open(options.control + ".new", "w", encoding="utf-8") as file:
            json.dump({"script": script[1:]}, file)
        os.replace(options.control + ".new", options.control)
        return script[0]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            with LOCK:
                wanted = step()
                line = {
                    "time": time.time(),
                    "id": self.headers.get("Idempotency-Key"),
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body,
                    "status": wanted.get("status", 200),
                }
                journal.write(json.dumps(line) + "\n")
                journal.flush()
            if wanted.get("hang"):
                time.sleep(3600)
            time.sleep(wanted.get("delay", 0))
            answer = wanted.get("body", "taken").encode()
            self.send_response(wanted.get("status", 200))
            for name, value in wanted.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if wanted.get("stall"):
                self.wfile.flush()
                time.sleep(3600)
            try:
                self.wfile.write(answer)
            except OSError:
                pass  # The client had read enough.

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        # The handshake is done by the thread of the connection: one that hangs stops nobody.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
