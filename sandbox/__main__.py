"""
``python -m sandbox``: an AWS on one port, for the demo, the tests and whoever wants to try something.
"""

import argparse
import shlex
import tempfile
from pathlib import Path


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__.strip())
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen at (default: a free one)")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS with a certificate made at the start")
    parser.add_argument("--directory", type=Path, help="where --tls puts certificate, key and CA file")
    parser.add_argument(
        "--dns", type=_address, metavar="HOST:PORT", help="DNS server at which SES looks for the records it waits for"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what chance is drawn from (default: %(default)s)"
    )
    return parser.parse_args(argv)


def _address(text):
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def main(argv=None):
    """Serve until told to stop."""
    options = _arguments(argv)
    from sandbox import server  # after the arguments: --help must not wait for moto

    with tempfile.TemporaryDirectory(prefix="sandbox-") as temporary:
        authority = certificate = None
        if options.tls:
            from sandbox import tls

            authority, *certificate = tls.make(options.directory or Path(temporary), options.host)
        running = server.make(options.host, options.port, tls=certificate, dns=options.dns, seed=options.seed)
        exports = server.environment(running, certificate_authority=authority)

        def ready():
            for name, value in exports.items():
                print(f"export {name}={shlex.quote(value)}", flush=True)  # noqa: T201 - the command's output

        server.serve(running, ready)


if __name__ == "__main__":
    main()
