"""The command line: words in, text or JSON and an exit code out.

`run` is the command, hears Ctrl-C while all the rest is loaded, and is the only exit. `main` runs a command,
`arguments` says what can be typed, `profiles` makes settings of it, and `console` is where a command prints and asks.
"""

import os
import sys


def run() -> None:
    """Be the command ``trunk-batch``. While it is loaded nothing has begun, so that Ctrl-C ends it on the spot."""
    code = 130
    try:
        import signal  # noqa: PLC0415 - so that Ctrl-C is heard while it is imported

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)  # an import may swallow what is raised in it, or wrap it
        import gc  # noqa: PLC0415 - so that Ctrl-C is heard while it is imported

        gc.set_threshold(100_000, 20, 50)  # what is loaded stays to the end, and so does most of what is read
        from batch.cli.main import main  # noqa: PLC0415 - this is what takes its time

        code = main(sys.argv[1:], last=True)
    except KeyboardInterrupt:
        _leave()
    os._exit(code)  # taking half a million rows apart one by one would only keep the user waiting


def _leave(*_: object) -> None:
    said = b"Stopped by you. Nothing was sent."
    try:
        os.write(2, said + b"\n")
        if "--json" in sys.argv:
            what = b'{"error": {"code": "interrupted", "message": "%b", "hint": "Run it again when you are ready."}}\n'
            os.write(1, what % said)
    finally:
        os._exit(130)
