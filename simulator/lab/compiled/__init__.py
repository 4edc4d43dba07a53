"""The compiled backend: a numba kernel plays the requests of a virtual run; everything else is the event loop's code.

A run in virtual time has few platform events (one autoscaler tick per second, instance starts, timeline events) and
very many request events. The platform events are played by the same platform, replica set, activity tracking,
autoscaler, policy and journal on the virtual loop; none of their rules is repeated. Only what `fleet/pool/pool.py` and
`fleet/simulated/driver.py` do for each request (admission, balancing, queueing, the service discipline, deadlines) is
implemented a second time, in the `*_kernel.py` files; a differential test compares the two
(tests/lab/compiled/test_compiled_backend.py).

    loop.py               the virtual loop; before it jumps to its next timer, the kernel plays all requests up to it
    pool.py               the pool as replica set and autoscaler see it; its requests are in the kernel's arrays
    state.py              those arrays, with the terms of the model as names
    event_loop_kernel.py  the kernel's own loop: plays request events until one concerns the platform
    accumulators.py       rows of ended requests -> statistics and series of the report, counted in compiled code
    input/                arrivals, work and random draws, in chunks from the same named streams, in constant memory
    play.py               plays a scenario in this backend
    background/           jobs of an instance beside its requests, in plays of one instance
    instance/             one instance: its settings in the arrays, and plays without a platform, for calibrations

Order of events: the virtual loop orders timers by (time, order of scheduling). The kernel takes its order numbers from
the same counter and sets its timers at the same points of the same rules, so that simultaneous events are played in the
same order. An event that concerns the platform (an instance became active or idle, or a request is queued and the
policy reacts to it) is played to its end, and the platform is notified before the clock advances.
"""

PUBLIC_MODULES = (
    "compiled_backend",
    "instance.instance_play",
    "play",
)
