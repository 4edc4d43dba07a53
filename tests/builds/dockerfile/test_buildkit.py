from __future__ import annotations

import pytest

from simulator.builds.dockerfile.buildkit import needs_buildkit, remedy, syntax_of


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
    assert needs_buildkit(f"FROM busybox\n{line}\n") == bool(syntax)


def test_a_dockerfile_that_names_its_interpreter_needs_buildkit() -> None:
    assert needs_buildkit("# syntax=docker/dockerfile:1\nFROM busybox\n")
    assert needs_buildkit("#SYNTAX = docker/dockerfile:1\nFROM busybox\n")
    assert not needs_buildkit("FROM busybox\n# syntax=docker/dockerfile:1\n")


@pytest.mark.parametrize(
    ("dockerfile", "message", "told"),
    [
        (
            "FROM busybox\nRUN --mount=type=secret,id=key true\n",
            "no active sessions",
            "`--mount=type=secret|ssh` reads files of the `docker` client, and this build has no client.",
        ),
        (
            "# syntax=docker/dockerfile:1\nFROM busybox\n",
            "failed to solve with frontend gateway.v0: failed to do request: Head",
            "`# syntax=docker/dockerfile:1` lets the engine pull that image",
        ),
        (
            "FROM busybox\nCOPY --link a b\n",
            "failed to create LLB definition: dockerfile parse error line 2: Unknown flag: link",
            "`--link` is newer than the engine's BuildKit.",
        ),
        (
            "FROM busybox\nRUN <<EOF\necho hi\nEOF\n",
            "dockerfile parse error line 3: unknown instruction: ECHO",
            "`<<EOF` is newer than the engine's BuildKit.",
        ),
        ("# syntax=docker/dockerfile:1\nFROM busybox\nRUN false\n", "executor failed running: exit code: 1", ""),
        ("FROM busybox\nRUN --mount=type=cache,target=/c false\n", "executor failed running: exit code: 1", ""),
    ],
)
def test_what_an_engines_buildkit_lacks_is_explained(dockerfile: str, message: str, told: str) -> None:
    given = remedy(dockerfile, message)
    assert given.startswith(told)
    assert bool(given) == bool(told)


@pytest.mark.case("P20")
def test_the_hint_is_given_only_if_buildkit_syntax_is_the_cause() -> None:
    told = remedy("FROM busybox\nRUN --mount=type=cache,target=/c true\n", "the --mount option requires BuildKit")
    assert told.startswith("`--mount` needs BuildKit")
    assert "`docker build -t shop:1 .`" in told
    assert "`simulator serve`" in told
    assert remedy("FROM busybox\nRUN false\n", "returned a non-zero code: 1") == ""
    assert remedy("FROM busybox\n", "unknown, needs BuildKit").startswith("This Dockerfile needs BuildKit")
