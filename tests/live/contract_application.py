"""The application of the contract tests: one file that uses the standard library only and is ready within milliseconds.

It runs as a separate program, in a process or a container, and does not import the simulator. Its behaviours are those
of `contract.Behaviour`.
"""
# ruff: noqa: PTH123, T201, TID251  (a separate program: it uses environment, clock and output directly)

import os
import signal
import socket
import sys
import threading
import time

BEHAVIOUR = os.environ["BEHAVIOUR"]
SLOW_START_S = 0.3
FILLED_BYTES = 16 * 1024**2
CHUNK = 16 * 1024**2

asked = 0


def main() -> None:
    """Run the application. SIGTERM gets a handler, since the first process of a container has no default one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN if BEHAVIOUR == "ignores SIGTERM" else lambda *_: os._exit(0))
    if BEHAVIOUR == "crash before ready":
        sys.exit(3)
    if BEHAVIOUR == "chatty":
        print("out\naus", flush=True)
        print("err", file=sys.stderr, flush=True)
    if BEHAVIOUR == "slow start":
        time.sleep(SLOW_START_S)
    if BEHAVIOUR == "busy":
        threading.Thread(target=spin, daemon=True).start()
    server = socket.create_server((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])))
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def serve(connection: socket.socket) -> None:
    """Answer the requests of a connection until the client closes it.

    All requests are GETs whose head arrives in one piece.
    """
    with connection:
        while head := connection.recv(65536):
            if BEHAVIOUR == "hang":
                threading.Event().wait()
            path = head.split(b" ", 2)[1]
            body = b"well" if path == b"/well" else behave()
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def behave() -> bytes:
    """Behave as specified, and return the response's body, if there is a response."""
    if BEHAVIOUR == "crash while serving":
        os._exit(4)
    if BEHAVIOUR == "memory hog":
        grow()
    if BEHAVIOUR == "storage hog":
        with open("filled", "wb") as file:
            file.write(b"x" * FILLED_BYTES)
    if BEHAVIOUR == "busy":
        return b"%d" % (time.process_time() * 1000)
    global asked  # noqa: PLW0603 the memory that an idle instance keeps
    asked += 1
    return b"%d" % asked


def grow() -> None:
    """Allocate memory and write to it: memory that is not written to is not counted."""
    taken = []
    while True:
        taken.append(b"x" * CHUNK)


def spin() -> None:
    """Compute without end."""
    while True:
        sum(range(1000))


main()
