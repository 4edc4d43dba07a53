"""Arrivals: distributions of the processes, determinism, and sizes of chunks."""

from __future__ import annotations

import math
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.scenario.rate_factor import STEADY, RateFactor
from simulator.traffic.request_choices import request_choices
from simulator.traffic.shapes.arrivals import CHUNK_ARRIVALS, arrival_chunks
from simulator.world.random_streams import RandomStreams
from tests.scenario.scenario_texts import source_of


def arrivals(
    item: str,
    *,
    duration_s: float = 60,
    seed: int = 1,
    index: int = 0,
    factor: RateFactor = STEADY,
    folder: Path = Path(),
) -> NDArray[np.float64]:
    source = source_of(item, duration=f"{duration_s}s", folder=folder)
    chunks = list(arrival_chunks(source, RandomStreams(seed), index, duration_s, factor))
    assert all(1 <= len(chunk) <= CHUNK_ARRIVALS for chunk in chunks)
    return np.concatenate([*chunks, np.empty(0)])


@pytest.fixture
def bins(tmp_path: Path) -> Path:
    """Return a file of three bins: 1000, none, 200,000 (more than a chunk)."""
    (tmp_path / "b.csv").write_text("n\n1000\n0\n200000\n")
    return tmp_path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("at\n" + "\n".join(str(n / 100) for n in range(5000)))
    return tmp_path


@given(
    item=st.sampled_from(
        [
            "poisson: {rate: 50/s}",
            "clock: {rate: 7/s}",
            "sine: {low: 1/s, high: 90/s, period: 7s}",
            "ramp: {start: 0/s, end: 90/s, over: 20s}",
            "spike: {base: 1/s, peak: 99/s, at: 5s, for: 3s, fall: 2s}",
        ]
    ),
    begin=st.floats(0, 30),
    length=st.floats(0.1, 60),
    stretch=st.floats(0.1, 10),
    seed=st.integers(0, 1000),
)
def test_every_source_is_ascending_and_within_its_time(
    item: str, begin: float, length: float, stretch: float, seed: int
) -> None:
    text = f"{{{item}, from: {begin:.3f}s, until: {begin + length:.3f}s, time_scale: {stretch:.3f}}}"
    times = arrivals(text, seed=seed)

    assert (np.diff(times) >= 0).all()
    if len(times):
        assert times[0] >= float(f"{begin:.3f}") - 1e-9
        assert times[-1] <= min(60, begin + length) + 1e-3


def test_poisson_arrivals_have_the_rate_and_exponential_gaps() -> None:
    gaps = np.diff(arrivals("{poisson: {rate: 200/s}}", duration_s=600))

    # 120,000 gaps: the standard error of their mean is 0.3 %, of their squared variation about 0.9 %.
    assert gaps.mean() == pytest.approx(1 / 200, rel=0.012)
    assert (gaps.std() / gaps.mean()) ** 2 == pytest.approx(1, rel=0.04)
    assert (gaps > 2 / 200).mean() == pytest.approx(math.exp(-2), rel=0.04)


def test_poisson_arrivals_follow_a_varying_rate() -> None:
    times = arrivals("{sine: {low: 0/s, high: 2000/s, period: 60s, peak_at: 30s}}")
    halves = np.histogram(times, bins=4, range=(0, 60))[0]

    # Integral of 1000 (1 - cos(2 pi t / 60)) over the quarters; four standard errors of a Poisson count.
    quarter = np.asarray([15 - 30 / math.pi, 15 + 30 / math.pi, 15 + 30 / math.pi, 15 - 30 / math.pi]) * 1000
    assert (np.abs(halves - quarter) < 4 * np.sqrt(quarter)).all()


def test_clock_spacing_is_continuous_at_a_step_of_the_rate() -> None:
    item = "{steps: {spacing: clock, levels: [{for: 1s, rate: 4/s}, {for: 1s, rate: 2/s}]}}"

    assert arrivals(item).tolist() == [0, 0.25, 0.5, 0.75, 1, 1.5]


def test_clock_spacing_is_continuous_between_chunks() -> None:
    times = arrivals("{clock: {rate: 4096/s}}", duration_s=40)

    assert len(times) == 4096 * 40 > 2 * CHUNK_ARRIVALS
    assert (np.diff(times) == 1 / 4096).all()  # a power of two: exact


def test_memory_is_bounded_by_the_chunk_whatever_the_length_of_the_run() -> None:
    source = source_of("{poisson: {rate: 1000000/s}}", duration="1000h")
    few = list(islice(arrival_chunks(source, RandomStreams(1), 0, 3.6e6), 3))

    assert [len(chunk) for chunk in few] == [CHUNK_ARRIVALS] * 3


def test_the_same_seed_gives_the_same_times_and_another_seed_or_position_others() -> None:
    item = "{poisson: {rate: 50/s}}"

    assert np.array_equal(arrivals(item, seed=3), arrivals(item, seed=3))
    assert not np.array_equal(arrivals(item, seed=3)[:10], arrivals(item, seed=4)[:10])
    assert not np.array_equal(arrivals(item, index=0)[:10], arrivals(item, index=1)[:10])


def test_a_rate_action_does_not_change_earlier_arrivals() -> None:
    calm = arrivals("{poisson: {rate: 50/s}}")
    busy = arrivals("{poisson: {rate: 50/s}}", factor=RateFactor((0, 30), (1, 4)))

    assert np.array_equal(calm[calm < 30], busy[busy < 30])
    assert (busy >= 30).sum() > 3 * (calm >= 30).sum()


def test_poisson_bins_keep_every_recorded_count(bins: Path) -> None:
    times = arrivals("{bins: {file: b.csv, bin: 10s}}", folder=bins)

    assert np.histogram(times, bins=3, range=(0, 30))[0].tolist() == [1000, 0, 200_000]
    assert (np.diff(times) >= 0).all()


def test_arrivals_are_uniformly_distributed_in_a_bin_even_if_it_is_split(bins: Path) -> None:
    times = arrivals("{bins: {file: b.csv, bin: 10s}}", folder=bins)
    tenths = np.histogram(times, bins=10, range=(20, 30))[0]

    # Binomial(200,000, 0.1): standard deviation 134; five of them.
    assert np.abs(tenths - 20_000).max() < 670
    assert len(set(tenths.tolist())) > 1


def test_smooth_bins_are_evenly_spaced(bins: Path) -> None:
    times = arrivals("{bins: {file: b.csv, bin: 10s, arrivals: smooth}}", folder=bins)

    assert len(times) == 201_000
    assert np.diff(times[:1000]) == pytest.approx(0.01)
    assert times[1000] == pytest.approx(20)


@pytest.mark.parametrize("scale", [0.25, 2.5])
def test_bins_are_thinned_or_multiplied_by_their_scale(bins: Path, scale: float) -> None:
    times = arrivals(f"{{bins: {{file: b.csv, bin: 10s}}, scale: {scale}}}", folder=bins)

    # At most 201,000 fair draws: five standard deviations are below 1120.
    assert abs(len(times) - 201_000 * scale) < 1120


def test_bins_can_be_played_faster_and_are_cut_at_the_end(bins: Path) -> None:
    times = arrivals("{bins: {file: b.csv, bin: 10s}, time_scale: 0.1, from: 2s, until: 4.5s}", folder=bins)

    assert np.histogram(times, bins=[2, 3, 4, 4.5])[0].tolist()[:2] == [1000, 0]
    assert (times < 4.5).all()
    assert 99_000 < len(times) < 103_000  # half of the third bin


def test_a_trace_is_replayed_as_recorded(trace: Path) -> None:
    times = arrivals("{trace: {file: t.csv, format: seconds}, from: 1s, time_scale: 0.5, until: 5s}", folder=trace)

    assert times.tolist() == pytest.approx([1 + n / 200 for n in range(800)])


def test_a_trace_is_thinned_at_random(trace: Path) -> None:
    times = arrivals("{trace: {file: t.csv, format: seconds}, scale: 0.5}", folder=trace)

    # Binomial(5000, 0.5): standard deviation 35; five of them.
    assert abs(len(times) - 2500) < 177
    assert set(np.rint(times * 100).astype(int)) <= set(range(5000))
    assert len(set(np.rint(np.diff(times) * 100).astype(int))) > 3  # not every second one


def test_a_factor_above_one_repeats_the_requests_of_a_trace(trace: Path) -> None:
    factor = RateFactor((0, 25), (1, 3))
    times = arrivals("{trace: {file: t.csv, format: seconds}}", folder=trace, factor=factor)

    assert ((times < 25).sum(), (times >= 25).sum()) == (2500, 7500)


def test_a_factor_of_zero_sends_nothing(bins: Path) -> None:
    assert len(arrivals("{bins: {file: b.csv, bin: 10s}}", folder=bins, factor=RateFactor((0,), (0,)))) == 0


def test_requests_are_chosen_by_weight() -> None:
    source = source_of("{clock: {rate: 1/s}, requests: [{path: /a, weight: 3}, {path: /b}]}")
    drawn = request_choices(source, RandomStreams(1), 0).draw(40_000)

    assert set(drawn.tolist()) == {0, 1}
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.011)  # five standard errors


def test_choices_do_not_depend_on_how_they_are_split_into_calls() -> None:
    source = source_of("{clock: {rate: 1/s}, requests: [{path: /a, weight: 3}, {path: /b}]}")
    at_once = request_choices(source, RandomStreams(1), 0).draw(10)
    one_by_one = request_choices(source, RandomStreams(1), 0)

    assert at_once.tolist() == [one_by_one.draw(1)[0] for _ in range(10)]


@pytest.mark.case("L11")
@pytest.mark.parametrize(
    ("begin", "until", "sent"),
    [("1", "1.3", 3), ("0", "0.3", 3), ("0.7", "1", 3), ("1.1", "1.4", 3), ("0.1", "0.4", 3), ("2.3", "3.4", 11)],
)
def test_an_arrival_at_the_end_of_a_source_is_not_sent(begin: str, until: str, sent: int) -> None:
    times = arrivals(f"{{clock: {{rate: 10/s}}, from: {begin}s, until: {until}s}}")
    assert len(times) == sent
    assert times[0] == float(begin)


@pytest.mark.case("L11")
@given(tenths=st.lists(st.integers(1, 100), min_size=1, max_size=5), rate=st.integers(1, 40))
def test_adjacent_sources_send_each_boundary_request_once(tenths: list[int], rate: int) -> None:
    """One after the other they send what one source over the whole time would send, if each lasts a whole number of
    gaps.
    """
    # in tenths of the gap between requests: a whole number each
    edges = np.cumsum([0, *(rate * width for width in tenths)])
    ends = [f"{edge / (10 * rate):.4f}" for edge in edges]
    parts = [
        arrivals(f"{{clock: {{rate: {10 * rate}/s}}, from: {begin}s, until: {end}s}}", duration_s=600)
        for begin, end in pairwise(ends)
    ]
    assert len(np.concatenate(parts)) == edges[-1]


@pytest.mark.case("L46", "R3")
@pytest.mark.parametrize(
    "item",
    [
        "{spike: {base: 1/s, peak: 9/s, at: 5s, for: 3s}}",
        "{spike: {base: 1/s, peak: 9/s, at: 0, rise: 0, for: 3s, fall: 0}}",
        "{spike: {base: 1/s, peak: 9/s, at: 5s, rise: 2s, for: 3s}, from: 5s, until: 10s}",
        "{ramp: {start: 0/s, end: 9/s, over: 10s}, from: 5s, until: 15s}",
        "{ramp: {start: 0/s, end: 9/s, over: 20s}, until: 20s}",
        "{sine: {low: 1/s, high: 9/s, period: 7s}, from: 1s, until: 8s}",
        "{steps: {levels: [{rate: 9/s, for: 1ms}, {rate: 0, for: 1ms}, {rate: 9/s, for: 10s}]}, until: 1ms}",
    ],
)
@pytest.mark.parametrize("edges", [(0.0, 5.0, 8.0), (0.0, 5.0), (0.0, 10.0, 15.0, 20.0), (0.0, 1e-3)])
def test_pieces_of_length_zero_are_allowed_while_the_rate_changes(item: str, edges: tuple[float, ...]) -> None:
    factor = RateFactor(edges, tuple(1.0 + n for n in range(len(edges))))
    plain, changed = arrivals(item), arrivals(item, factor=factor)
    assert np.isfinite(changed).all()
    assert (np.diff(changed) >= 0).all()
    assert len(changed) >= len(plain) - 5 * math.sqrt(len(plain) + 1)
