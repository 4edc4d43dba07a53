"""An interrupt that does not go away: raised once more, and again, until somebody has dealt with it.

A KeyboardInterrupt can get lost on its way: in code that is called from C, or that catches everything, as a compiler's
type inference does. The user who pressed Ctrl-C has no way to know.
"""

from __future__ import annotations

import _thread
import signal
import threading
from typing import Any, Final

AGAIN_S: Final = 0.5


class Insistence:
    """From `start` on it calls the main thread's handler of SIGINT, first after `first_s`, until `stop`.

    Where another handler has taken over in the meantime, that one hears it once: it has its own way of insisting.
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
