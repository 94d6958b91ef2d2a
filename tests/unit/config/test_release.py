"""The files of declared releases: those that came along, and the mistakes of others."""

import pytest

from preserve.config.checked import check
from preserve.config.folder import load_releases
from preserve.config.place import bundled_config_dir
from preserve.config.release import ReleaseConfig, date_precision
from preserve.errors import ConfigError


def test_those_that_came_along_can_be_read() -> None:
    found = load_releases(bundled_config_dir())
    assert set(found) == {"cablebrowser-2", "cablegate", "cablegate-full", "cables-csv", "plusd"}
    builds = found["cablegate"].builds
    listed = [build for build in builds if build.known == "listed"]
    assert len(listed) == 139
    assert all(build.file and build.size and build.md5 and build.sha256 for build in listed)
    assert [build.counter for build in builds if build.built == "2010-12-04"] == [842, 821]
    assert found["cablebrowser-2"].precision == "day"


@pytest.mark.parametrize(
    ("text", "precision"),
    [("2011", "year"), ("2011-10", "month"), ("2011-10-04", "day"), ("2011-10-04T12:30", "minute")],
)
def test_a_date_is_as_precise_as_it_is_long(text: str, precision: str) -> None:
    assert date_precision(text) == precision


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("released: 2011-13", "is no date"),
        ("released: soon", "is no date"),
        ("builds: [{sha256: abc}]", "builds[1].sha256"),
        ("sauces: [a]", "did you mean 'sources'?"),
        ("counter: -1", "counter"),
    ],
)
def test_mistakes_are_told_with_their_lines(line: str, told: str) -> None:
    data = f"title: x\nknown_from: y\n{line}\n".encode()
    with pytest.raises(ConfigError) as error:
        check(data, ReleaseConfig, source="x.yaml", name="x")
    assert told in str(error.value)
    assert "x.yaml:3" in str(error.value)


def test_what_it_is_known_from_must_be_said() -> None:
    with pytest.raises(ConfigError, match="known_from"):
        check(b"title: x\n", ReleaseConfig, source="x.yaml", name="x")
