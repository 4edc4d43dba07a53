"""Descriptions are the same as those that pydantic extracts, and no source is parsed before a schema is generated."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from simulator.builds.config import file as config_file
from simulator.lab.compare import comparison
from simulator.report import schema
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.sections.service_spec import ServiceSpec

AT_IMPORT = """
import inspect, linecache, sys
import simulator.lab.compare.comparison, simulator.report.schema, simulator.scenario.scenario
print([name for name in linecache.cache if "simulator" in name])
"""


@pytest.mark.case("H1")
@pytest.mark.parametrize(
    ("module", "root"),
    [(schema, "Report"), (comparison, "Comparison"), (config_file, "ConfigFile")],
    ids=["report", "comparison", "apprunner"],
)
def test_a_schema_is_equal_to_that_of_the_extraction_by_pydantic(module: ModuleType, root: str, tmp_path: Path) -> None:
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    text = text.replace("(DescribedModel):", "(BaseModel):").replace(
        "frozen=True,", "frozen=True, use_attribute_docstrings=True,"
    )
    other = tmp_path / "with_pydantics_own.py"
    other.write_text(text.replace("from pydantic import", "from pydantic import BaseModel,"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(other.stem, other)
    assert spec is not None
    assert spec.loader is not None
    loaded = sys.modules[other.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
        expected: type[BaseModel] = getattr(loaded, root)
        for mode in ("validation", "serialization"):
            assert getattr(module, root).model_json_schema(mode=mode) == expected.model_json_schema(mode=mode)
    finally:
        del sys.modules[other.stem]


def test_a_field_has_the_description_of_the_class_that_declares_it_last() -> None:
    properties = schema.RequestsPart.model_json_schema()["properties"]
    assert properties["requests"]["description"] == "All requests: served + rejected + failed + blocked."
    assert properties["rejected_ratio"]["description"] == "rejected / requests."


def test_a_description_in_code_has_precedence() -> None:
    schema_of_policy = ServiceSpec.model_json_schema(by_alias=True)["$defs"]["AppRunnerPolicySpec"]
    assert schema_of_policy["properties"]["name"]["description"] == POLICIES["app-runner"].summary


@pytest.mark.case("H1")
def test_importing_a_model_parses_no_source() -> None:
    answer = subprocess.run([sys.executable, "-c", AT_IMPORT], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
