"""Azure LLM inference traces of Microsoft, 2023 to 2025: time and numbers of tokens of each request.

Schemas: AzureLLMInferenceDataset2023.md and AzureLLMInferenceDataset2024.md of Azure/AzurePublicDataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.table_of_requests import RequestTable, has_header
from simulator.ingest.input_file import InputFile

_COLUMNS: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def _is_azure_llm(file: InputFile) -> bool:
    return has_header(file, _COLUMNS)


def _requests(file: InputFile, _reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    for row, (times,) in table.columns(_COLUMNS[:1]):
        yield Requests(table.dates(row, times))


AZURE_LLM: Final = Format(
    "azure-llm",
    "Azure LLM inference trace: time and tokens of each request",
    _is_azure_llm,
    _requests,
    terms="CC BY 4.0; Patel et al., Splitwise, ISCA 2024 (2023) or Stojkovic et al., DynamoLLM, 2024 (2024)",
    has_functions=False,
    kept=("the time of each request",),
    dropped=("the numbers of tokens: a simulated application has one distribution of times for all requests",),
)
