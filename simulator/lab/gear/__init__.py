"""The compiled backend: the requests of a virtual run as a numba kernel, everything else as it always was.

Theory of operation. A run in virtual time has few events of the platform (a tick of the autoscaler a second, an
instance that starts, an act of the timeline) and very many of requests. The backend keeps the first kind where it is:
the virtual loop runs the same platform, roster, activity, autoscaler, policy and journal, and not one rule of theirs is
written twice. Only the second kind, what `fleet/pool.py` and `fleet/simulated.py` do for each request (admission,
balancing, holding, the service discipline, deadlines), exists a second time in the `*_kernel.py` files here, and a
differential test proves it equal (tests/lab/test_gear.py).

    loop.py      the virtual loop; before it jumps to its next timer, the kernel plays all requests up to it
    pool.py      the pool that roster and autoscaler see; its requests live in the kernel's arrays
    state.py     those arrays, named as the model's words
    advance.py   the kernel's own loop: the next event of the requests, until one concerns the platform
    ledger.py    rows of ended requests -> the tallies and series of the report, counted in compiled code
    feed.py      arrivals, work and lots, chunk by chunk from the same named streams: memory stays constant
    play.py      which scenarios it plays, and playing them

Order. The virtual loop orders timers by (when, order of scheduling). The kernel takes its orders from the same counter,
and makes its timers at the same points of the same rules, so that simultaneous events are played in the same order. An
event that concerns the platform (an instance woke or fell quiet, a request waits and the policy wants to know) is
played to its end, and the platform hears of it before the clock moves on.
"""
