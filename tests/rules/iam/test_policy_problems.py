"""Problems of a policy document, formatted as text."""

from __future__ import annotations

from simulator.rules.iam.policy_problems import IamPolicyError, PolicyProblem


def test_a_problem_names_place_value_expectation_and_nearest_word() -> None:
    problem = PolicyProblem(("Statement", 0, "Effect"), "allow", "Allow or Deny", "Allow")
    assert str(problem) == "Statement[0].Effect = allow, must be Allow or Deny; did you mean `Allow`?"
    assert str(PolicyProblem((), "a list", "a policy")) == "policy = a list, must be a policy"


def test_an_error_has_every_problem_with_the_policys_name() -> None:
    problems = [PolicyProblem(("Statement",), "nothing", "given"), PolicyProblem(("Version",), "1", "2012-10-17")]
    error = IamPolicyError("dev.json", problems)
    assert str(error).splitlines() == [
        "dev.json: Statement = nothing, must be given",
        "dev.json: Version = 1, must be 2012-10-17",
    ]
    assert (error.name, list(error.problems)) == ("dev.json", problems)
