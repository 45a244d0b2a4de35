"""One ``POST /sms/send`` of 2,000,000 numbers to a sink on loopback: ``python -m benchmarks.upload``.

The client runs in a process of its own. Its peak memory is compared with the same process that imports the same modules
and holds the same numbers, but sends to two people; its time with a plain socket that writes the same bytes.
"""

from __future__ import annotations

import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from datetime import timedelta

MANY = 2_000_000
RUNS = 5


def serve(listener: socket.socket) -> None:
    """Read each request whole, and accept it."""
    answer = b'{"uuid": "00000000-0000-4000-8000-000000000000", "status": "scheduled"}'
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            left = length - len(head.partition(b"\r\n\r\n")[2])
            while left:
                left -= len(connection.recv(min(left, 1 << 20)))
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
            )


def client(port: int, people: int) -> None:
    """Send to ``people`` while holding all numbers; prints seconds and peak MB."""
    from array import array

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.model.campaign import Now
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sends import DesiredSend, TextContent

    everybody = Numbers.from_sorted(array("I", range(800_000_000, 800_000_000 + MANY)))
    numbers = everybody if people == MANY else next(everybody.slices(people))
    send = DesiredSend(
        "0", "SiamCoffee", TextContent("Hello"), Now(timedelta(0), "UTC"), numbers, None, 1, "GSM-7", None, None
    )
    begin = time.perf_counter()
    with MesmsClient(f"http://127.0.0.1:{port}/api/v2", "key") as account:
        account.send(send, None)
    seconds = time.perf_counter() - begin
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def raw(port: int) -> float:
    """The floor: the same bytes through a plain socket."""
    body = (
        b'{"msisdns":["' + b'","'.join(b"66%d" % number for number in range(800_000_000, 800_000_000 + MANY)) + b'"]}'
    )
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        connection.recv(4096)
    return time.perf_counter() - begin


def measured(port: int, people: int) -> tuple[float, float]:
    """Median seconds and MB of a client process."""
    rows = [
        subprocess.run(
            [sys.executable, "-m", "benchmarks.upload", str(port), str(people)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(RUNS)
    ]
    return statistics.median(float(row[0]) for row in rows), statistics.median(float(row[1]) for row in rows)


def main() -> None:
    """Print one row of docs/performance.md."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        few_seconds, few = measured(port, 2)
        seconds, many = measured(port, MANY)
        floor = statistics.median(raw(port) for _ in range(RUNS))
    more = f"{seconds - few_seconds:.2f} s, {many - few:.0f} MB above a send to two people"
    print(
        f"| one request of 2,000,000 numbers | {more} "
        f"| the same bytes through a socket: {floor:.2f} s | {(seconds - few_seconds) / floor:.1f}x | ≤ 30 MB |"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        client(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
