"""The initialisation of AWS Lambda's runtimes, as measured daily by maxday/lambda-perf (validation-2 V16).

A hello-world function is started ten times a day for each combination of runtime, package, memory and architecture; the
value is `Init Duration` of Lambda's log: placing the environment and fetching the package are not included. Memory has
no effect (128 to 1,024 MB within 5 %).

Fitted here: the medians and the curves from the measurements of 22 August 2026 with 128 and 512 MB, and the day
effects from the first 143 of the 286 days (January 2024 to May 2025). The other half of the configurations and of the
days judges them in case V16. A curve has the quantiles of the values relative to the median of their runtime and
architecture, for a family of runtimes and a package: images have the heavier tail, and more so the faster a runtime is.
The day effect is the standard deviation of the logarithm of a day's median without the part that ten values a day have
by chance (2.5 % with zip, 6.7 % with image).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, get_args

from simulator.rules.start_stages import InitLaw, QuantileCurve

Runtime = Literal[
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "go",
    "rust",
    "c++",
    "graalvm-java21",
    "graalvm-java23",
    "bun",
    "llrt",
    "swift",
]
Package = Literal["zip", "image"]
Architecture = Literal["x86_64", "arm64"]


class _Medians(NamedTuple):
    """Medians in milliseconds of a runtime: zip, then image, each on x86_64 and on arm64."""

    zip_x86_64: int
    zip_arm64: int
    image_x86_64: int
    image_arm64: int

    def of(self, package: Package, architecture: Architecture) -> int:
        return self[2 * get_args(Package).index(package) + get_args(Architecture).index(architecture)]


# Medians by runtime. The last rows are custom runtimes on provided.al2023 (bun, swift: provided.al2).
MEDIANS: Final[Mapping[Runtime, _Medians]] = MappingProxyType(
    {
        "python3.9": _Medians(76, 75, 134, 132),
        "python3.10": _Medians(75, 74, 136, 119),
        "python3.11": _Medians(77, 75, 138, 123),
        "python3.12": _Medians(83, 82, 158, 132),
        "python3.13": _Medians(85, 81, 165, 133),
        "python3.14": _Medians(101, 100, 161, 163),
        "nodejs20.x": _Medians(139, 130, 236, 229),
        "nodejs22.x": _Medians(138, 130, 288, 230),
        "nodejs24.x": _Medians(132, 121, 250, 224),
        "java8.al2": _Medians(242, 381, 330, 317),
        "java11": _Medians(277, 316, 345, 331),
        "java17": _Medians(198, 225, 310, 326),
        "java21": _Medians(239, 256, 323, 321),
        "java25": _Medians(183, 200, 223, 248),
        "ruby3.2": _Medians(217, 256, 260, 302),
        "ruby3.3": _Medians(229, 257, 273, 292),
        "ruby3.4": _Medians(218, 226, 264, 272),
        "go": _Medians(50, 43, 46, 41),
        "rust": _Medians(15, 14, 35, 30),
        "c++": _Medians(64, 49, 51, 41),
        "graalvm-java21": _Medians(155, 124, 83, 81),
        "graalvm-java23": _Medians(153, 137, 89, 75),
        "bun": _Medians(342, 298, 155, 146),
        "llrt": _Medians(68, 63, 63, 50),
        "swift": _Medians(126, 107, 74, 66),
    }
)
_LEVELS: Final = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
# Multiples of the median at these levels, by family of runtimes and package: 119 to 560 values each, 2,590 in all.
_MULTIPLES: Final[Mapping[tuple[str, Package], tuple[float, ...]]] = MappingProxyType(
    {
        ("python", "zip"): (0.618, 0.758, 0.793, 0.817, 0.962, 1.0, 1.037, 1.112, 1.170, 1.264, 1.685),
        ("python", "image"): (0.640, 0.682, 0.775, 0.822, 0.926, 1.0, 1.195, 1.874, 2.096, 2.261, 2.910),
        ("nodejs", "zip"): (0.719, 0.758, 0.793, 0.826, 0.943, 1.0, 1.041, 1.080, 1.116, 1.178, 1.386),
        ("nodejs", "image"): (0.596, 0.711, 0.759, 0.860, 0.945, 1.0, 1.081, 1.428, 2.588, 2.922, 2.976),
        ("java", "zip"): (0.516, 0.649, 0.728, 0.835, 0.957, 1.0, 1.047, 1.189, 1.329, 1.783, 1.973),
        ("java", "image"): (0.627, 0.650, 0.813, 0.842, 0.935, 1.0, 1.093, 1.576, 1.780, 2.332, 5.382),
        ("ruby", "zip"): (0.683, 0.730, 0.774, 0.834, 0.927, 1.0, 1.131, 1.517, 1.653, 1.767, 1.780),
        ("ruby", "image"): (0.652, 0.679, 0.768, 0.821, 0.923, 1.0, 1.069, 1.305, 1.416, 1.595, 1.918),
        ("custom", "zip"): (0.681, 0.774, 0.838, 0.878, 0.975, 1.0, 1.024, 1.068, 1.114, 1.484, 2.826),
        ("custom", "image"): (0.634, 0.700, 0.774, 0.832, 0.913, 1.0, 1.159, 1.842, 2.359, 4.904, 14.07),
    }
)
_FAMILIES: Final = ("python", "nodejs", "java", "ruby")
_DAY_SD: Final = {"zip": 0.061, "image": 0.065}


def init_law(
    runtime: Runtime, package: Package = "zip", architecture: Architecture = "x86_64", day_sd: float | None = None
) -> InitLaw:
    """Return the law of a runtime's initialisation. `day_sd` replaces the measured effect of the day."""
    median_s = MEDIANS[runtime].of(package, architecture) / 1000
    family = next((family for family in _FAMILIES if runtime.startswith(family)), "custom")
    curve = QuantileCurve(tuple(zip(_LEVELS, _MULTIPLES[family, package], strict=True)))
    return InitLaw(median_s, curve, _DAY_SD[package] if day_sd is None else day_sd)
