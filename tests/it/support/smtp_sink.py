"""A mail relay for tests, on Debian's aiosmtpd.

Every message it receives becomes one line of JSON in the journal: when, Message-ID, sender, recipient, login, whether TLS was on, and
the message itself. What it answers is decided by the recipient (`later-*` 450, `never-*` 550, `denied-554_5.7.1` what it says), by options for the whole life of the
relay, and by a control file for as long as it exists: {"data": "hang|drop|451|554|421", "times": N}. "drop" hangs up after the message
was journalled and before 250 is said. {"script": […]} says it for one conversation after the other: a word for DATA as above, or
"greet421", "strip" (no STARTTLS is offered), "rcpt450", "rcpt452", or null. The port is chosen by the system and printed on standard output.
"""

import argparse
import asyncio
import base64
import email
import json
import os
import ssl
import time

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, options):
        self.options = options
        self.journal = open(options.journal, "a", encoding="utf-8")

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if self.options.mail:
            return self.options.mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("later-"):
            return "450 4.2.1 mailbox busy"
        if server.planned in ("rcpt450", "rcpt452"):
            return server.planned[4:] + " 4.2.2 not now"
        if address.startswith("denied-"):
            return f"{address[7:].split('@')[0].replace('_', ' ')} denied"
        if address.startswith("never-"):
            return "550 5.1.1 no such mailbox \x1b[31mred"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        content = envelope.content
        fault = server.planned or self.fault()
        message = email.message_from_bytes(content)
        line = {
            "time": time.time(),
            "id": message["Message-ID"],
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "login": session.auth_data.decode() if session.auth_data else None,
            "tls": server.transport.get_extra_info("sslcontext") is not None or session.ssl is not None,
            "fault": fault,
            "raw": base64.b64encode(content).decode(),
        }
        if fault in (None, "drop", "hang"):
            self.journal.write(json.dumps(line) + "\n")
            self.journal.flush()
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "drop":
            server.transport.abort()
            return "250 never heard"
        if fault:
            return f"{fault} as the test wants"
        return "250 2.0.0 queued as \x1b[31m" + str(message["Message-ID"])

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if server.planned == "strip":
            return [line for line in responses if not line.endswith("STARTTLS")]
        return responses

    def wanted(self):
        try:
            with open(self.options.control, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def fault(self):
        """What to do with this message; counted down, so that a file may stay."""
        wanted = self.wanted()
        times = wanted.get("times", 1) if "data" in wanted else 0
        if times <= 0:
            return None
        self.keep(wanted | {"times": times - 1})
        return wanted["data"]

    def plan(self):
        """What to do with this conversation."""
        wanted = self.wanted()
        if not wanted.get("script"):
            return None
        self.keep(wanted | {"script": wanted["script"][1:]})
        return wanted["script"][0]

    def keep(self, wanted):
        with open(self.options.control + ".new", "w", encoding="utf-8") as file:
            json.dump(wanted, file)
        os.replace(self.options.control + ".new", self.options.control)


class Relay(SMTP):
    """Greets as the options want."""

    greeting = None
    planned = None

    async def push(self, status):
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("220 relay.test"):
            self.planned = self.event_handler.plan()
            if self.planned == "greet421":
                await super().push("421 4.3.2 as the test wants")
                self.transport.close()
                return
        if Relay.greeting and text.startswith("220 "):
            await super().push(Relay.greeting)
            self.transport.close()
            return
        await super().push(status)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", required=True)
    parser.add_argument("--control", required=True)
    parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="none")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--login", help="user:password; nobody else may send")
    parser.add_argument("--greeting")
    parser.add_argument("--mail")
    options = parser.parse_args()
    Relay.greeting = options.greeting
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
    handler = Handler(options)
    settings = {"hostname": "relay.test", "enable_SMTPUTF8": False}
    if options.tls == "starttls":
        settings.update(tls_context=context, require_starttls=True)
    if options.login:

        def check(server, session, envelope, mechanism, data):
            given = f"{data.login.decode()}:{data.password.decode()}"
            return AuthResult(success=given == options.login, auth_data=data.login, handled=False)

        settings.update(authenticator=check, auth_required=True, auth_require_tls=options.tls == "starttls")

    async def serve():
        loop = asyncio.get_running_loop()
        wrapped = context if options.tls == "implicit" else None
        server = await loop.create_server(lambda: Relay(handler, **settings), "127.0.0.1", 0, ssl=wrapped)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(serve())


main()
