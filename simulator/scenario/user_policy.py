"""A user's own policy, `my.py:MyPolicy`: loaded from its file, with its errors reported as errors of that file.

In Python the class itself can be given, without a file.

The class implements the port of rules/policies/port.py, in a simpler form:

    tick_s, reacts_to_queue, start_lag_s   class attributes; default: 1 s, False, and the lag of the service's own
    policy
    __init__(self, scaling)      with the auto scaling configuration, or without arguments
    observe(self, sample)        called for every finished second; optional
    decide(self, observation)    the desired count: a whole number, a Decision, or None for no change

The result is clamped to the configuration's bounds. If the policy raises, returns an invalid result or takes longer
than `SLOW_S`, the run reports it with the tick and the inputs, and stops or keeps the last desired count, as the user
selected.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Final, NamedTuple

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.text.renamed import RENAMED
from simulator.records.journal import Journal
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.registry import PolicyKind
from simulator.scenario.on_policy_error import OnPolicyError

SEPARATOR: Final = ".py:"
# A decision of a shipped policy takes microseconds, while a policy that takes a second of real time blocks a live
# platform for that second.
SLOW_S: Final = 1.0
# Maximum number of reported errors per policy and run: the first errors suffice, and a policy that fails on every tick
# of a day has 86,400.
ERRORS_SHOWN: Final = 20


# Classes without a file, by the name under which they are chosen.
_CLASSES: Final[dict[str, type]] = {}


class UserPolicyError(Exception):
    """The user's policy failed. The message has the policy, the tick, the inputs, and the line of the file."""


@dataclasses.dataclass(frozen=True, slots=True)
class UserParameters:
    """A user's policy has no parameters in the scenario file: its constants are in its own file."""


class _TooSlow(BaseException):
    """Interrupts the user's code. It is no Exception, so that the user's own `except Exception` does not catch it."""


def is_user_policy(name: str) -> bool:
    return SEPARATOR in name


def policy_name(given: str | type) -> str:
    """Return the name under which a policy is chosen: the name itself, or the one under which a class is registered.

    A class without a file, such as one of a notebook, has a placeholder for it, `Mine (notebook).py:Mine`; the newest
    class of a name is used.

    Raises:
        ValueError: for a value that is neither a name nor a policy class.
    """
    if isinstance(given, str):
        return given
    if not _is_policy(given):
        msg = f"policy = {given!r}, must be a name, FILE.py:CLASS, or a class with a method decide(self, observation)"
        raise ValueError(msg)
    name = f"{given.__name__} (notebook){SEPARATOR}{given.__name__}"
    _CLASSES[name] = given
    return name


def require_files(policies: Iterable[str | type]) -> None:
    """Raise ValueError for a class without a file, because other processes can only load files."""
    for given in policies:
        if isinstance(given, type):
            msg = f"policy = {given.__name__}, must be given as FILE.py:{given.__name__} with several workers"
            raise ValueError(msg)  # noqa: TRY004 of a class in general it is none


def user_policy_kind(name: str, actuator: Actuator, on_error: OnPolicyError = OnPolicyError.STOP) -> PolicyKind:
    """Return the kind of the policy `FILE.py:CLASS`. Its file is read and executed now.

    `actuator` is used unless the class has its own.

    Raises:
        ValueError: if the file cannot be loaded, has no such class, or the class is no policy.
    """
    file, _, class_name = name.rpartition(":")
    made = _CLASSES.get(name) or _class_in(Path(file), class_name)
    if not _is_policy(made):
        msg = f"policy = {name!r}, must have a method decide(self, observation)"
        raise ValueError(msg)
    GuardedPolicy.check_names(name, made)
    lag_s = getattr(made, "start_lag_s", None)
    if lag_s is not None:
        lag_s = _number(name, "start_lag_s", lag_s, 0)
        actuator = dataclasses.replace(actuator, start_lag_s=lag_s, start_law=None)
    tick_s = _number(name, "tick_s", getattr(made, "tick_s", 1.0), 0.1)

    def build(_: UserParameters, scaling: AutoScalingConfiguration) -> GuardedPolicy:
        return GuardedPolicy(class_name, _made(made, name, scaling), actuator, tick_s, on_error)

    about = (made.__doc__ or f"a policy of {'the notebook' if name in _CLASSES else file}").strip().partition("\n")[0]
    return PolicyKind(class_name, lambda: (UserParameters, build), about, scales_to_zero=True)


class PolicyFailed(NamedTuple):
    """A user's policy failed. `line` describes the failure and its consequence in one line."""

    line: str


class GuardedPolicy:
    """Implements the policy port with a user's object.

    Failures after which the run continues are recorded in `journal` (`PolicyFailed`).
    """

    ATTRIBUTES: ClassVar = frozenset({"tick_s", "reacts_to_queue", "start_lag_s"})

    def __init__(self, name: str, policy: Any, actuator: Actuator, tick_s: float, on_error: OnPolicyError) -> None:
        self.name = name
        self.tick_s = tick_s
        self.actuator = actuator
        self.reacts_to_queue = bool(getattr(policy, "reacts_to_queue", False))
        self.journal = Journal()
        self.errors = 0
        self.slow_s = SLOW_S
        self._policy = policy
        self._on_error = on_error
        self._ticks = 0

    @staticmethod
    def check_names(name: str, policy: type) -> None:
        """Raise ValueError for an attribute with a former name, which would otherwise be ignored."""
        for old, new in RENAMED.items():
            if new in GuardedPolicy.ATTRIBUTES and hasattr(policy, old):
                msg = f"policy = {name!r}: `{old}`, must be written `{new}`: it is now `{new}`"
                raise ValueError(msg)

    def observe(self, sample: Sample) -> None:
        take = getattr(self._policy, "observe", None)
        if take is not None:
            self._guarded(f"observing second {sample.second}", sample, lambda: take(sample))

    def decide(self, observation: Observation) -> Decision | None:
        self._ticks += 1
        place = f"at tick {self._ticks}, {observation.now_s:g} s"
        return self._guarded(
            place, observation, lambda: self._decision(self._policy.decide(observation), observation.scaling)
        )

    def _decision(self, answer: Any, scaling: AutoScalingConfiguration) -> Decision | None:
        if answer is None:
            return None
        if isinstance(answer, Decision):
            return dataclasses.replace(answer, **self._bounded(answer.desired, scaling, answer.clamps))
        bounds = self._bounded(answer, scaling, ())
        return Decision(formula=f"{self.name} = {answer}", reason=f"{self.name} answered {answer}", **bounds)

    def _bounded(self, desired: Any, scaling: AutoScalingConfiguration, clamps: tuple[str, ...]) -> dict[str, Any]:
        """Return the count within the bounds of the configuration, as the fields `desired` and `clamps` of a decision.

        If active and provisioned are separate, the active count may be less than MinSize.
        """
        if hasattr(desired, "dtype"):  # a numpy value: numpy's whole numbers are accepted too
            desired = desired.item()
        if isinstance(desired, bool) or not isinstance(desired, int) or desired < 0:
            msg = f"answered {desired!r}, must be a whole number of instances, a Decision or None"
            raise _Nonsense(msg)
        least = 0 if self.actuator.activates else scaling.min_size
        bounded = min(max(desired, least), scaling.max_size)
        if bounded != desired:
            clamps += (f"{'min_size' if bounded > desired else 'max_size'} = {bounded}",)
        return {"desired": bounded, "clamps": clamps}

    def _guarded(
        self, place: str, inputs: Sample | Observation, call: Callable[[], Decision | None]
    ) -> Decision | None:
        """Call the user's code.

        Return its decision, or None (keep the desired count) after a failure that does not end the run.
        """
        try:
            with _time_limit(self.slow_s):
                return call()
        except _TooSlow:
            what, cause = f"took longer than {self.slow_s:g} s", None
        except _Nonsense as error:
            what, cause = str(error), None
        except Exception as error:  # noqa: BLE001 any error of the user's code is reported as the user's
            what, cause = f"raised {type(error).__name__}: {error}{_line_of(error)}", error
        message = f"policy {self.name} {what}, {place}; inputs {_inputs_text(inputs)}"
        if self._on_error is OnPolicyError.STOP:
            raise UserPolicyError(message) from cause
        self.errors += 1
        if self.errors <= ERRORS_SHOWN:
            last = "; its further failures are not reported" if self.errors == ERRORS_SHOWN else ""
            self.journal.publish(PolicyFailed(f"{message}; the desired count stays as it is{last}"))
        return None


class _Nonsense(Exception):
    """The user's policy returned an invalid result."""


def _class_in(file: Path, class_name: str) -> type:
    """Return the class in a file.

    The file is executed each time, so that the next run uses a changed file; its folder is on the import path during
    that.
    """
    where = f"policy = '{file}:{class_name}'"
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{where}, must name a file that can be read: {error}"
        raise ValueError(msg) from error
    module = types.ModuleType(file.stem)
    module.__file__ = str(file)
    try:
        with _importing_from(file.resolve().parent, module):
            exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102 it is what the user asked for
    except Exception as error:
        msg = f"{where}, must be loadable: {type(error).__name__}: {error}{_line_of(error, file)}"
        raise ValueError(msg) from error
    made = module.__dict__.get(class_name)
    if isinstance(made, type):
        return made
    classes = ", ".join(name for name, value in module.__dict__.items() if _is_policy(value))
    msg = f"{where}, must name a class of the file{f': {classes}' * bool(classes)}"
    raise ValueError(msg)


@contextlib.contextmanager
def _importing_from(folder: Path, module: types.ModuleType) -> Iterator[None]:
    """While the file is executed, make modules beside it importable, and register it for its dataclasses."""
    name = module.__name__
    before = sys.modules.get(name)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before


def _is_policy(value: object) -> bool:
    """Return True if the value is a policy, including an imported class, because a file may only import its policy."""
    return isinstance(value, type) and callable(getattr(value, "decide", None))


def _made(made: type, name: str, scaling: AutoScalingConfiguration) -> Any:
    try:
        return made(scaling) if inspect.signature(made).parameters else made()
    except Exception as error:
        msg = f"policy {name} raised {type(error).__name__}: {error} while it was made{_line_of(error)}"
        raise UserPolicyError(msg) from error


def _number(name: str, attribute: str, value: Any, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 3600:
        msg = f"policy = {name!r}, must have {attribute} = {least:g} to 3600 seconds, not {value!r}"
        raise ValueError(msg)
    return float(value)


def _line_of(error: BaseException, file: Path | None = None) -> str:
    """Return ` (my.py, line 12)`: the innermost line of the user's own code, or of `file`."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f" ({Path(error.filename or '').name}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if (frame.filename == str(file) if file is not None else frame.filename != __file__)
    ]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _inputs_text(inputs: Sample | Observation) -> str:
    """Return every field as text: `now_s=12.0, ready=1, ...`."""
    return ", ".join(f"{name}={value!r}" for name, value in inputs._asdict().items())


@contextlib.contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    """Interrupt Python code that takes longer, where the system supports it: in the main thread on Unix."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_too_slow)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise_too_slow(_number: int, _frame: FrameType | None) -> None:
    raise _TooSlow
