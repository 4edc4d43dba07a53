from __future__ import annotations

import pytest

from simulator.builds.engine.downloads import LABEL, downloads_of, lacks_network
from simulator.builds.runtimes import Language


def test_each_tool_has_a_volume_where_it_keeps_its_downloads() -> None:
    paths = {language: list(downloads_of(language, {}, "1234", "/shop:").volumes) for language in Language}
    assert paths == {
        Language.PYTHON: ["/root/.cache/pip"],
        Language.NODE: ["/root/.npm", "/root/.cache/yarn"],
        Language.JAVA: ["/root/.m2/repository", "/root/.gradle/caches"],
        Language.DOTNET: ["/root/.nuget/packages"],
        Language.PHP: ["/root/.cache/composer"],
        Language.RUBY: [],
        Language.GO: ["/root/go/pkg/mod", "/root/.cache/go-build"],
    }


@pytest.mark.parametrize(
    ("language", "environment", "path"),
    [
        (Language.GO, {"GOPATH": "/go"}, "/go/pkg/mod"),
        (Language.GO, {"GOPATH": "/go:/more", "HOME": "/home/x"}, "/go/pkg/mod"),
        (Language.GO, {"GOPATH": "/go", "GOMODCACHE": "/modules"}, "/modules"),
        (Language.PYTHON, {"HOME": "/home/x"}, "/home/x/.cache/pip"),
        (Language.PYTHON, {"PIP_CACHE_DIR": "/pip", "XDG_CACHE_HOME": "/cache"}, "/pip"),
        (Language.PYTHON, {"PIP_CACHE_DIR": ""}, "/root/.cache/pip"),
    ],
)
def test_the_variables_of_an_image_decide_where(language: Language, environment: dict[str, str], path: str) -> None:
    assert next(iter(downloads_of(language, environment, "1234", "").volumes)) == path


def test_what_is_copied_into_the_image_is_not_shared_among_sources() -> None:
    """Otherwise an image would have the modules of other services, and run with what it has not asked for."""
    for language in Language:
        one, other = (downloads_of(language, {}, "1234", source) for source in ("/shop:", "/blog:"))
        for path in one.volumes:
            assert (one.volumes[path] == other.volumes[path]) == (path not in one.in_place)
        elsewhere = downloads_of(language, {}, "5678", "/shop:")
        assert not set(one.volumes.values()) & set(elsewhere.volumes.values())


def test_tools_are_told_to_use_what_is_kept() -> None:
    pip = downloads_of(Language.PYTHON, {"HOME": "/home/x"}, "1234", "")
    assert pip.offline == {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/home/x/.cache/pip/kept-wheels"}
    assert pip.wheels == ("/home/x/.cache/pip", "/home/x/.cache/pip/kept-wheels")
    assert downloads_of(Language.NODE, {}, "1234", "").offline["NPM_CONFIG_OFFLINE"] == "true"
    assert downloads_of(Language.GO, {}, "1234", "").offline["GOPROXY"] == "off"
    go = downloads_of(Language.GO, {"GOPATH": "/go"}, "1234", "")
    assert go.variables == {"GOMODCACHE": "/go/pkg/mod", "GOCACHE": "/root/.cache/go-build"}


def test_volumes_are_labelled_for_their_removal() -> None:
    (mount,) = downloads_of(Language.PYTHON, {}, "1234", "").mounts("1234")
    assert mount["VolumeOptions"]["Labels"] == {LABEL: "1234"}
    assert (mount["Type"], mount["Target"]) == ("volume", "/root/.cache/pip")


@pytest.mark.parametrize(
    "line",
    [
        "WARNING: Retrying after 'NewConnectionError(...): Failed to establish a new connection: [Errno -3]",
        "npm error code EAI_AGAIN",
        "npm ERR! code ENOTFOUND",
        "Could not transfer artifact org.x:y:pom:1 from/to central: Temporary failure in name resolution",
        "[ERROR] Unknown host repo.maven.apache.org",
        "Could not transfer artifact x: Connect to repo:443 [repo/10.0.0.1] failed: Connection refused",
        "go: example.com/x@v1: Get ...: dial tcp: lookup proxy.golang.org on 10.0.0.2:53: no such host",
        "curl: (6) Could not resolve host: getcomposer.org",
        "error NU1301: Unable to load the service index for source",
    ],
)
def test_output_of_tools_without_a_network_is_recognized(line: str) -> None:
    assert lacks_network(line)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: No matching distribution found for flask==99",
        "npm error code E404",
        "Could not transfer artifact org.x:y:pom:1 from/to central: PKIX path building failed",
        "Could not transfer artifact org.x:y:pom:1 from/to central: status code: 401, Unauthorized",
        "npm error code ERESOLVE",
        "AssertionError: expected 1",
        "[ERROR] COMPILATION ERROR",
        "",
    ],
)
def test_other_failures_are_not(line: str) -> None:
    assert not lacks_network(line)
