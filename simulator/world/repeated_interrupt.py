"""Repeated interrupts: an interrupt is raised again until it has been handled.

A KeyboardInterrupt can be lost in code that is called from C, or that catches every exception, as a compiler's type
inference does. A user who presses Ctrl-C cannot know this.
"""

from __future__ import annotations

import _thread
import signal
import threading
from typing import Any, Final

AGAIN_S: Final = 0.5


class RepeatedInterrupt:
    """Calls the main thread's SIGINT handler repeatedly between `start` and `stop`.

    The first call comes `first_s` seconds after `start`, further calls every `AGAIN_S` seconds. A handler that was
    installed after `start` is called once only, because it repeats interrupts itself.
    """

    def __init__(self, first_s: float) -> None:
        self._first_s = first_s
        self._stopped = threading.Event()
        self._handler: Any = None

    def start(self) -> None:
        if self._handler is None:
            self._handler = signal.getsignal(signal.SIGINT)
            threading.Thread(target=self._insist, name="insistence", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _insist(self) -> None:
        pause_s = self._first_s
        while not self._stopped.wait(pause_s):
            _thread.interrupt_main()
            if signal.getsignal(signal.SIGINT) is not self._handler:
                return
            pause_s = AGAIN_S
