"""Runs in the AWS CLI's own virtual environment: executes many commands of the AWS CLI in one process."""

import contextlib
import functools
import io
import json
import os
import re
import sys
from typing import Any

from awscli.clidriver import create_clidriver  # type: ignore[import-not-found]
from botocore import xform_name


@functools.cache
def program(account: str) -> Any:
    """Return the AWS CLI of an account: the program caches the credentials that it found."""
    os.environ["AWS_ACCESS_KEY_ID"] = account  # noqa: TID251 how the program is told
    return create_clidriver()


def run(asked: dict[str, Any]) -> dict[str, Any]:
    os.environ["AWS_ACCESS_KEY_ID"] = asked["account"]  # noqa: TID251
    command = xform_name(asked["operation"], "-")
    arguments = ["apprunner", command, "--output", "json", "--cli-input-json", json.dumps(asked["request"])]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = program(asked["account"]).main(arguments)
        except SystemExit as end:
            code = end.code
    if code == 0:
        return {"answer": json.loads(out.getvalue() or "{}"), "error": ""}
    found = re.search(r"An error occurred \((\w+)\) when calling the (\w+) operation", err.getvalue())
    if found is None or found[2] != asked["operation"]:
        return {"answer": {}, "error": f"exit {code}: {err.getvalue()}"}
    return {"answer": {}, "error": found[1]}


for line in sys.stdin:
    sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
    sys.stdout.flush()
