"""The mail server of aiosmtpd for one test; see aiosmtpd.rs beside it."""

import asyncio
import mailbox
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

directory, password = sys.argv[1], sys.argv[2]


class Box:
    """Takes every message into one Maildir, with its recipients above it."""

    def __init__(self):
        self.box = mailbox.Maildir(f"{directory}/box")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("busy@"):
            return "451 4.7.1 greylisted, try again in 10 minutes"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        to = ", ".join(envelope.rcpt_tos)
        name = self.box.add(f"Envelope-to: {to}\r\n".encode() + envelope.content)
        return f"250 2.0.0 Ok: queued as {name.split('.')[0]}"


def authenticate(server, session, envelope, mechanism, data):
    given = (data.login.decode(), data.password.decode())
    return AuthResult(success=given == ("desk", password), handled=False)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{directory}/chain.pem", f"{directory}/key.pem")
    box = Box()

    def session(**settings):
        return lambda: SMTP(
            box,
            hostname="aiosmtpd.example",
            data_size_limit=20_000,
            enable_SMTPUTF8=True,
            auth_required=True,
            authenticator=authenticate,
            **settings,
        )

    loop = asyncio.get_running_loop()
    # The two ports differ in the mechanism too: the first knows LOGIN alone.
    start_tls = session(
        tls_context=context, require_starttls=True, auth_exclude_mechanism=["PLAIN"]
    )
    implicit = session(auth_require_tls=False, auth_exclude_mechanism=["LOGIN"])
    servers = [
        await loop.create_server(start_tls, "127.0.0.1", 0),
        await loop.create_server(implicit, "127.0.0.1", 0, ssl=context),
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    # Until the test lets go.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
