from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported


def test_invocations_of_code_engine_are_read_from_the_converted_table(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    columns = ["NamespaceHash", "AppHash", "InvocationTimes", "AppExecTimes"]
    week = pandas.DataFrame(
        {
            "NamespaceHash": ["n", "n"],
            "AppHash": ["a", "b"],
            "NumEvents": [2, 1],
            "InvocationTimes": [[10.0, 12.5], [11.0]],
            "AppExecTimes": [[0.1, 0.3], [0.2]],
        }
    )
    file = tmp_path / "week.csv"
    week[columns].explode(columns[2:]).to_csv(file, index=False)

    result = imported(file)

    assert dict(result.ranking) == {"n/a": 2, "n/b": 1}
    service = result.services[0]
    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 2.5])
    np.testing.assert_allclose(service.durations_s, [0.1, 0.3])


def test_a_pickle_is_not_loaded_and_its_conversion_is_named(tmp_path: Path) -> None:
    file = tmp_path / "week_0.pickle"
    file.write_bytes(pickle.dumps({"InvocationTimes": []}))

    with pytest.raises(ScenarioError, match=r"a Python pickle, must be CSV .* because a pickle can run any code"):
        imported(file)


def test_operations_of_the_object_store_are_functions(tmp_path: Path) -> None:
    file = tmp_path / "IBMObjectStoreTrace000Part0"
    file.write_text(
        "1219008 REST.PUT.OBJECT 8d4fcda3d675bac9 1056\n"
        "1221974 REST.HEAD.OBJECT 39d177fb735ac5df 528\n"
        "1232437 REST.PUT.OBJECT 3b8255e0609a700d 1456 0 1455\n"
    )

    (service,) = imported(file).services

    assert service.function == "REST.PUT.OBJECT"
    assert service.times_s is not None
    np.testing.assert_allclose(service.times_s, [0, 13.429])


def test_another_line_in_the_object_store_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text("1 REST.PUT.OBJECT 8d 1056\n" * 30 + "later\n")

    with pytest.raises(ScenarioError, match=r"trace:31:1: row = later, must be milliseconds, operation, object"):
        imported(file)
