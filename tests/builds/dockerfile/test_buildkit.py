from __future__ import annotations

import pytest

from simulator.builds.dockerfile.buildkit import remedy, syntax_of


@pytest.mark.case("P20")
@pytest.mark.parametrize(
    ("line", "syntax"),
    [
        ("RUN --mount=type=cache,target=/root/.cache pip install .", "--mount"),
        ("run --network=none make", "--network"),
        ("COPY --chmod=755 a b", "--chmod"),
        ("COPY --from=build --link a b", "--link"),
        ("ADD --checksum=sha256:1 https://x/y /z", "--checksum"),
        ("RUN <<EOF\necho\nEOF", "<<EOF"),
        ("COPY <<'END' /file", "<<'END"),
        ("RUN make # --mount", ""),
        ("COPY --from=build --chown=1 a b", ""),
        ("RUN cat a b << 1", ""),
        ("# syntax=docker/dockerfile:1", ""),
    ],
)
def test_syntax_that_needs_buildkit_is_found(line: str, syntax: str) -> None:
    assert syntax_of(f"FROM busybox\n{line}\n") == syntax


@pytest.mark.case("P20")
def test_the_hint_is_given_only_if_buildkit_syntax_is_the_cause() -> None:
    told = remedy("FROM busybox\nRUN --mount=type=cache,target=/c true\n", "the --mount option requires BuildKit")
    assert told.startswith("`--mount` needs BuildKit")
    assert "`docker build -t shop:1 .`" in told
    assert "`simulator serve`" in told
    assert remedy("FROM busybox\nRUN false\n", "returned a non-zero code: 1") == ""
    assert remedy("FROM busybox\n", "unknown, needs BuildKit").startswith("This Dockerfile needs BuildKit")
