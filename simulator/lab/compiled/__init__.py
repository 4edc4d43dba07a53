"""The compiled backend: a numba kernel plays the requests of a virtual run; the rest is the event loop's code.

Theory of operation. A run in virtual time has few platform events (one autoscaler tick per second, instance starts,
timeline events) and very many request events. The backend leaves the first kind where it is: the virtual loop runs the
same platform, replica set, activity, autoscaler, policy and journal, and none of their rules is written twice. Only the
second kind, what `fleet/pool/pool.py` and `fleet/simulated/driver.py` do for each request (admission, balancing,
queueing, the service discipline, deadlines), exists a second time in the `*_kernel.py` files here, and a differential
test proves it equal (tests/lab/compiled/test_compiled_backend.py).

    loop.py               the virtual loop; before it jumps to its next timer, the kernel plays all requests up to it
    pool.py               what replica set and autoscaler see as the pool; its requests are in the kernel's arrays
    state.py              those arrays, named in the model's terms
    event_loop_kernel.py  the kernel's own loop: plays request events until one concerns the platform
    accumulators.py       rows of ended requests -> statistics and series of the report, counted in compiled code
    inputs.py             arrivals, work and random draws, in chunks from the same named streams, in constant memory
    play.py               plays a scenario in this backend

Order. The virtual loop orders timers by (when, order of scheduling). The kernel takes its orders from the same counter,
and makes its timers at the same points of the same rules, so that simultaneous events are played in the same order. An
event that concerns the platform (an instance became active or idle, or a request is queued and the policy reacts to it)
is played to its end, and the platform is notified before the clock moves on.
"""

PUBLIC_MODULES = (
    "compiled_backend",
    "play",
)
