"""Deployments and API calls of a timeline, in virtual time: traffic, states, log lines and the bill."""

from __future__ import annotations

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report, ServicePart
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

BASE = """
duration: {duration}
seed: 3
operations: {{time_profile: {profile}}}
services:
  web:
    max_concurrency: 10
    min_size: 2
    max_size: 6
    wake: 0
    source: {source}
    application: {{simulated: {{start_up: 2s, io: 50ms}}}}
traffic:
  - {{name: steady, clock: {{rate: 10/s}}}}
timeline:
"""
CODE = "{repository: https://github.com/example/web, build: 2 min, auto_deployments: true}"
IMAGE = "{pull: 10s}"


def text(*events: str, source: str = CODE, duration: str = "20 min", profile: str = "instant") -> str:
    return BASE.format(source=source, duration=duration, profile=profile) + "".join(
        f"  - {{{each}}}\n" for each in events
    )


def played(*events: str, source: str = CODE, duration: str = "20 min", profile: str = "instant") -> Report:
    return build_report(play(Run(read_scenario(text(*events, source=source, duration=duration, profile=profile)))))


def lines(service: ServicePart) -> list[tuple[float, str]]:
    return [(event.at_s, event.line) for event in service.events]


def statuses(report: Report) -> dict[str, int]:
    return report.requests.whole_run.by_status


def acts(report: Report) -> list[str]:
    return [act.detail for act in report.timeline]


def test_a_deployment_replaces_every_instance_and_fails_no_request() -> None:
    report = played("at: 2 min, deploy: {}")
    [service] = report.services
    assert statuses(report) == {"200": 20 * 60 * 10}
    told = [(at_s, line) for at_s, line in lines(service) if at_s > 0 and "Service status" not in line]
    assert [(round(at_s), line) for at_s, line in told] == [
        (120, "Deployment started."),
        (120, "Successfully pulled source code."),
        (120, "Starting source code build."),
        (240, "Successfully built your application source code."),
        (240, "Provisioning instances and deploying image for publicly accessible service."),
        (240, "Performing health check on protocol `TCP` [Port: '8080']."),
        (242, "Health check is successful. Routing traffic to application."),
        (242, "Successfully routed incoming traffic to application."),
        (242, "Deployment completed successfully."),
    ]
    ended = {event.instance for event in service.instance_events if event.after == "stopped"}
    assert ended == {1, 2}
    assert service.instances.provisioned_max == 4  # doubled during a deployment (facts 4.1)


def test_a_maintenance_replaces_all_instances_and_rejects_changes_until_it_ends() -> None:
    report = played(
        "at: 2 min, maintenance: {for: 4 min}", "at: 3 min, deploy: {}", "at: 8 min, deploy: {}", source=IMAGE
    )
    [service] = report.services
    assert acts(report)[0] == "web: maintenance begins, instances 1, 2 are replaced"
    assert acts(report)[1].endswith("Service cannot be deployed in the current state: OPERATION_IN_PROGRESS.")
    assert acts(report)[2] == "web: maintenance ends"
    assert acts(report)[3].endswith("is deployed")
    assert statuses(report) == {"200": 20 * 60 * 10}
    told = [(at_s, line) for at_s, line in lines(service) if "status" in line and at_s < 400]
    assert told == [
        (120, "Service status is set to OPERATION_IN_PROGRESS."),
        (360, "Service status is set to RUNNING."),
    ]
    drained = {event.instance: event.why for event in service.instance_events if event.after == "draining"}
    assert {number: drained[number] for number in (1, 2)} == {1: "maintenance", 2: "maintenance"}
    assert service.instances.provisioned_max == 4  # doubled, as during a deployment (facts 4.1)


def test_a_maintenance_of_a_paused_service_does_not_run_it() -> None:
    report = played("at: 1 min, api: {PauseService: }", "at: 2 min, maintenance: {for: 1 min}", source=IMAGE)
    assert acts(report)[1:] == ["web: maintenance begins, no instance is replaced", "web: maintenance ends"]
    assert lines(report.services[0])[-1] == (60, "Service status is set to PAUSED.")


def pause_s(seed: int, operations: str) -> float:
    pause = text("at: 1 min, api: {PauseService: }", source=IMAGE).replace("seed: 3", f"seed: {seed}")
    scenario = read_scenario(pause.replace("operations: {time_profile: instant}", f"operations: {{{operations}}}"))
    report = build_report(play(Run(scenario)))
    return next(at_s for at_s, line in lines(report.services[0]) if line.endswith("PAUSED.")) - 60


def test_a_pause_takes_a_time_of_its_distribution_which_the_seed_determines() -> None:
    taken = [pause_s(seed, "time_profile: app-runner-spread") for seed in (1, 2, 3, 4)]
    assert taken == [pause_s(seed, "time_profile: app-runner-spread") for seed in (1, 2, 3, 4)]
    assert len(set(taken)) == 4
    assert all(60 < each < 600 for each in taken)
    assert pause_s(1, "time_profile: app-runner") == 180
    assert pause_s(1, "time_profile: app-runner, durations: {pause: 20s}") == 20
    assert pause_s(1, "time_profile: app-runner-spread, durations: {pause: 0s}") == 0


def test_the_bill_has_the_builds_the_month_of_automatic_deployments_and_both_sets_of_instances() -> None:
    [plain] = played("at: 2 min, rate: {factor: 1}").services
    [deployed] = played("at: 2 min, deploy: {}", "at: 6 min, deploy: {fails: build}").services
    items = {line.item: line for line in deployed.cost.run.lines}
    assert items["builds"].quantity == pytest.approx(4.0)
    assert items["builds"].usd == pytest.approx(4 * 0.005)
    assert {line.item: line.usd for line in deployed.cost.month.lines}["automatic deployments"] == 1.0
    assert items["active vCPU"].quantity > {line.item: line for line in plain.cost.run.lines}["active vCPU"].quantity


@pytest.mark.parametrize(
    ("fails", "source", "expected"),
    [
        ("build", CODE, "Failed to build your application source code. Reason: The build command exited with code 1."),
        ("pull", IMAGE, "Failed to pull your application image. Reason: There is no image"),
        (
            "start",
            CODE,
            "Your application stopped or failed to start. See logs for more information. Container exit code: 1",
        ),
        (
            "health_check",
            IMAGE,
            "Health check failed on protocol `TCP` [Port: '8080']. Check your configured port number.",
        ),
    ],
)
def test_a_faulty_version_never_gets_a_request_and_the_old_one_keeps_serving(
    fails: str, source: str, expected: str
) -> None:
    report = played(f"at: 1 min, deploy: {{fails: {fails}}}", "at: 10 min, api: {StartDeployment: }", source=source)
    [service] = report.services
    assert statuses(report) == {"200": 20 * 60 * 10}
    told = [line for _, line in lines(service)]
    assert any(line.startswith(expected) for line in told)
    assert told.count("Deployment failed. For details, see service logs.") == 2  # it is still the newest version
    assert told[-1] == "Service status is set to RUNNING."
    # Nothing of the new versions is left: the two instances of the start serve until the end.
    stopped = {event.instance for event in service.instance_events if event.after == "stopped"}
    launched = {event.instance for event in service.instance_events}
    assert launched - stopped == {1, 2}


def test_a_valid_version_after_a_faulty_one_is_deployed() -> None:
    report = played("at: 2 min, deploy: {fails: start}", "at: 8 min, deploy: {application: {simulated: {io: 20ms}}}")
    [service] = report.services
    told = [line for _, line in lines(service)]
    assert "Deployment completed successfully." in told
    assert statuses(report) == {"200": 20 * 60 * 10}
    p99_s = [value for value in service.series.p99_s if value is not None]
    assert p99_s[-1] == pytest.approx(0.02, rel=0.05)
    assert p99_s[0] == pytest.approx(0.05, rel=0.05)


def test_an_image_deployment_takes_the_time_of_the_profile() -> None:
    [service] = played("at: 1 min, deploy: {}", source=IMAGE, profile="app-runner").services
    ended = next(at_s for at_s, line in lines(service) if line == "Deployment completed successfully.")
    assert ended == 360.0


def test_a_paused_service_responds_with_503_and_resumes_with_the_same_version() -> None:
    report = played("at: 5 min, api: {PauseService: }", "at: 10 min, api: {ResumeService: {ServiceArn: web}}")
    assert 5 * 600 <= statuses(report)["503"] <= 5 * 600 + 10 * 10  # and until its instances are healthy again
    assert statuses(report)["200"] + statuses(report)["503"] == 20 * 600
    assert [line for _, line in lines(report.services[0])][-1] == "Service status is set to RUNNING."


def test_a_push_deploys_a_running_service_and_is_ignored_by_a_paused_one() -> None:
    push = "deploy: {trigger: push}"
    report = played(f"at: 1 min, {push}", "at: 5 min, api: {PauseService: }", f"at: 6 min, {push}")
    assert [act.rpartition(" is pushed, ")[2] for act in acts(report) if "pushed" in act] == [
        "and deployed",
        "and not deployed",
    ]


def test_an_operation_in_progress_rejects_the_next_one_as_the_api_does() -> None:
    report = played("at: 1 min, deploy: {}", "at: 1 min, api: {UpdateService: {HealthCheckConfiguration: {Path: /}}}")
    assert acts(report)[1] == (
        "web: UpdateService is rejected: InvalidStateException: "
        "Service cannot be updated in the current state: OPERATION_IN_PROGRESS."
    )


def test_an_update_changes_the_size_and_scaling_of_the_running_service() -> None:
    create = "{AutoScalingConfigurationName: wide, MaxConcurrency: 5, MinSize: 3, MaxSize: 9}"
    update = "{AutoScalingConfigurationArn: wide, InstanceConfiguration: {Cpu: 512, Memory: 1024}}"
    report = played(
        f"at: 1 min, api: {{CreateAutoScalingConfiguration: {create}}}",
        f"at: 2 min, api: {{UpdateService: {update}}}",
        source=IMAGE,
    )
    [service] = report.services
    assert [act.partition(", ")[0] for act in acts(report)] == ["CreateAutoScalingConfiguration", "web: UpdateService"]
    assert service.series.provisioned[-1] == 3
    assert statuses(report) == {"200": 20 * 600}


@pytest.mark.parametrize(("platform", "size"), [("lambda", (1186, 2048)), ("heroku", (2048, 2560))])
def test_a_service_on_a_platform_with_other_sizes_is_deployed_and_updated(platform: str, size: tuple[int, int]) -> None:
    played_there = text(
        "at: 1 min, deploy: {}",
        "at: 4 min, api: {UpdateService: {HealthCheckConfiguration: {Timeout: 4}}}",
        "at: 7 min, api: {UpdateService: {InstanceConfiguration: {Cpu: 4 vCPU}}}",
        source=IMAGE,
    )
    for line in ("max_concurrency: 10", "min_size: 2", "max_size: 6", "wake: 0"):
        played_there = played_there.replace(f"    {line}\n", "")
    scenario = read_scenario(played_there.replace("  web:\n", f"  web:\n    platform: {platform}\n"))
    assert (scenario.services["web"].cpu_units, scenario.services["web"].memory_mb) == size
    report = build_report(play(Run(scenario)))
    _, updated, rejected = acts(report)
    assert updated.startswith("web: UpdateService, operation ")
    assert "must be 8 GB, 10 GB, 12 GB with 4 vCPU" in rejected
    assert statuses(report)["200"] > 0.9 * 20 * 600


def test_a_scenario_may_have_more_services_than_an_account() -> None:
    services = "".join(f"  web{number}: {{application: {{simulated: {{io: 1ms}}}}}}\n" for number in range(31))
    scenario = f"duration: 10s\nservices:\n{services}timeline:\n  - {{at: 1s, deploy: {{service: web7}}}}\n"
    (act,) = acts(build_report(play(Run(read_scenario(scenario)))))
    assert act.startswith("web7: version ")


def test_a_service_that_the_timeline_creates_runs_and_is_billed() -> None:
    source = "{ImageRepository: {ImageIdentifier: public.ecr.aws/example/other:1, ImageRepositoryType: ECR_PUBLIC}}"
    create = f"{{ServiceName: other, SourceConfiguration: {source}}}"
    report = played(
        f"at: 1 min, api: {{CreateService: {create}}}", "at: 10 min, api: {DeleteService: {ServiceArn: other}}"
    )
    other = report.services[1]
    assert other.name == "other"
    assert other.cost.run.usd > 0
    assert [line for _, line in lines(other)][-1] == "Service status is set to DELETED."


def test_the_same_seed_gives_byte_for_byte_the_same_run() -> None:
    events = ("at: 2 min, deploy: {}", "at: 9 min, deploy: {fails: health_check}")
    assert played(*events).digest == played(*events).digest


# --- errors of the file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "source", "message"),
    [
        ("at: 1s, deploy: {fails: pull}", CODE, r"deploy\.fails.*build, start or health_check"),
        ("at: 1s, deploy: {fails: build}", IMAGE, r"deploy\.fails.*pull, start or health_check"),
        ("at: 1s, deploy: {trigger: push}", IMAGE, r"deploy\.trigger.*auto_deployments"),
        ("at: 1s, deploy: {service: wob}", CODE, r"deploy\.service.*one of web"),
        ("at: 1s, api: {PauseServic: {}}", CODE, r"an operation of App Runner.*PauseService"),
        ("at: 1s, api: {}", CODE, r"one operation with its request"),
        ("at: 1s, api: {PauseService: {ServiceArn: wob}}", CODE, r"ServiceArn.*one of web"),
        ("at: 1s, api: {UpdateService: {InstanceConfiguration: {Cpu: 7}}}", CODE, r"instanceConfiguration\.cpu"),
    ],
)
def test_a_mistake_is_reported_with_its_place(event: str, source: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_scenario(text(event, source=source))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{image: nginx}", r"source\.image.*of ECR or ECR Public"),
        ("{repository: x, image: public.ecr.aws/a/b:1}", r"source.*one of them"),
        ("{build: 1s}", r"source\.build.*without repository"),
        ("{repository: x, pull: 1s}", r"source\.pull.*with repository"),
        ("{image: 'public.ecr.aws/a/b:1', auto_deployments: true}", r"auto_deployments.*ECR Public"),
    ],
)
def test_an_invalid_source_is_reported_with_its_place(source: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_scenario(text("at: 1s, deploy: {}", source=source))
