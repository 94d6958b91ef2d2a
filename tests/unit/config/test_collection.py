"""A collection's file: what is taken, what is refused, and that every mistake is told at once with its line."""

import pydantic
import pytest
from msgspec.structs import replace

from preserve import __version__
from preserve.config.collection import CollectionConfig
from preserve.config.folder import parse_collection
from preserve.errors import ConfigError
from preserve.limits import DEFAULT_LIMITS

GOOD = """\
title: Tide tables of Lower Vellum
contact: keeper@example.org
seeds:
  - https://tides.example.org/
scope:
  include:
    - https://tides.example.org/
"""


def parse(text: str, layouts: tuple[str, ...] | None = None) -> CollectionConfig:
    return parse_collection(text.encode(), name="tides", source="tides.yaml", layouts=layouts)


def mistakes(text: str, layouts: tuple[str, ...] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text, layouts)
    assert caught.value.exit_status == 2
    assert caught.value.next_step
    return caught.value.mistakes


def test_a_short_file_gives_polite_defaults() -> None:
    config = parse(GOOD)
    assert config.name == "tides"
    assert config.seeds == ("https://tides.example.org/",)
    assert config.scope.max_depth == 3
    assert config.scope.exclude == ()
    assert config.politeness.delay_s == 1.0
    assert config.politeness.robots == "obey"
    assert config.tls == "verify"
    assert config.layouts is None
    assert config.allow_addresses == ()
    assert config.limits == DEFAULT_LIMITS


def test_the_user_agent_says_who_asks_and_whom_to_ask_back() -> None:
    assert parse(GOOD).user_agent == f"preserve/{__version__} (+keeper@example.org)"


def test_the_collections_own_bounds_replace_those_of_the_program() -> None:
    config = parse(GOOD + "politeness:\n  read_timeout_s: 2.5\n  max_body_mb: 7\n")
    assert config.limits == replace(DEFAULT_LIMITS, read_timeout_s=2.5, max_body_bytes=7 * 1024 * 1024)


def test_values_do_not_change_after_reading() -> None:
    with pytest.raises(pydantic.ValidationError):
        parse(GOOD).tls = "record"  # type: ignore[misc]


def test_an_empty_file_names_every_key_it_needs() -> None:
    assert [line.split(" is missing")[0] for line in mistakes("")] == [
        "tides.yaml:1: 'title'",
        "tides.yaml:1: 'contact'",
        "tides.yaml:1: 'seeds'",
        "tides.yaml:1: 'scope'",
    ]


def test_a_file_that_is_a_list_is_told_so() -> None:
    assert mistakes("- a\n- b\n") == ("tides.yaml:1: the file holds no keys; write `key: value` lines",)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    told = mistakes(
        """\
titel: Tides
contact: nobody
seeds:
  - ftp://tides.example.org/
scope:
  include: https://tides.example.org/
  max_depth: yes
politeness:
  delay: 3
  robots: sometimes
  delay_s: -1
seeds: []
""",
        layouts=(),
    )
    assert told == (
        "tides.yaml:1: 'title' is missing; write a title of a few words",
        "tides.yaml:1: unknown key 'titel'; did you mean 'title'?",
        "tides.yaml:2: contact: 'nobody' is neither an e-mail address nor a URL; write one where site owners reach you",
        (
            "tides.yaml:4: seeds[1]: 'ftp://tides.example.org/' is no http or https address; "
            "write it like https://example.org/page.html"
        ),
        (
            "tides.yaml:6: scope.include: not a list; "
            "write a list with at least one beginning of addresses, or `re:` and a regular expression of RE2"
        ),
        "tides.yaml:7: scope.max_depth: not a whole number; write a whole number of links from a seed, 0 to 100",
        "tides.yaml:9: unknown key 'politeness.delay'; did you mean 'delay_s'?",
        "tides.yaml:10: politeness.robots: not one of the words that may stand here; write `obey` or `ignore`",
        "tides.yaml:11: politeness.delay_s: out of range; write seconds between two requests to a host, 0 to 3600",
        "tides.yaml:12: 'seeds' stands here a second time (first on line 3); keep one of the two",
    )


def test_a_name_in_the_file_is_a_mistake_and_is_told_once() -> None:
    assert mistakes(GOOD + "name: waves\n") == (
        "tides.yaml:8: unknown key 'name'; remove it: the file's name says 'tides'",
    )


@pytest.mark.parametrize("contact", ["a@b.example", "https://example.org/about-this-crawl", "http://example.org/"])
def test_contacts_that_reach_somebody(contact: str) -> None:
    assert parse(GOOD.replace("keeper@example.org", contact)).contact == contact


@pytest.mark.parametrize(
    "contact", ["me", "a@b", "'a@b.example (me)'", "kéeper@example.org", "'a@b.example\\nX: y'", "~"]
)
def test_contacts_that_reach_nobody_or_break_a_header(contact: str) -> None:
    (told,) = mistakes(GOOD.replace("keeper@example.org", contact))
    assert told.startswith("tides.yaml:2: contact: ")


@pytest.mark.parametrize(
    "seed",
    ["example.org", "/page", "mailto:a@b.example", "https://", "https://u:p@example.org/", "'https://a b/'", "http://[x/",
     "http://example.org:99999/", "http://example.org/" + "x" * 5000],
)  # fmt: skip
def test_seeds_that_are_no_address_to_begin_at(seed: str) -> None:
    (told,) = mistakes(GOOD.replace("  - https://tides.example.org/\nscope", f"  - {seed}\nscope"))
    assert told.startswith("tides.yaml:4: seeds[1]: ")


def test_at_least_one_seed() -> None:
    (told,) = mistakes(GOOD.replace("seeds:\n  - https://tides.example.org/\n", "seeds: []\n"))
    assert told == (
        "tides.yaml:3: seeds: the list is too short; write a list of http or https addresses to begin at, at least one"
    )


@pytest.mark.parametrize("entry", ["https://tides.example.org/a?b=", "re:^https://[a-z]+\\.example\\.org/"])
def test_scope_entries(entry: str) -> None:
    assert parse(GOOD.replace("    - https://tides.example.org/", f"    - {entry}")).scope.include == (entry,)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("'re:('", "not a regular expression"),
        ("tides.example.org/", "no http or https address"),
        ("https://tides.example.org", "end the host with '/'"),
        ("'https://tides.example.org/#a'", "leave out '#'"),
        ("https://tides.example.org/a/../b", "as a browser shows it"),
        ("https://tides^example.org/", "is no host"),
        ("https://1.2.3.4.5/", "is no host"),
        ("https://0x7f.1/", "is no host"),
    ],
)
def test_scope_entries_that_cannot_mean_what_they_say(entry: str, what: str) -> None:
    (told,) = mistakes(GOOD.replace("    - https://tides.example.org/", f"    - {entry}"))
    assert told.startswith("tides.yaml:7: scope.include[1]: ")
    assert what in told


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.0/8", "::1", "localhost", "intranet.example.org"])
def test_private_addresses_that_may_be_asked(address: str) -> None:
    assert parse(GOOD + f"allow_addresses: ['{address}']\n").allow_addresses == (address,)


@pytest.mark.parametrize("address", ["1.2.3.4.5", "10.0.0.0/99", "http://intranet/", "-x", ""])
def test_addresses_that_are_none(address: str) -> None:
    (told,) = mistakes(GOOD + f"allow_addresses: ['{address}']\n")
    assert told.startswith("tides.yaml:8: allow_addresses[1]: ")


def test_a_layout_has_to_be_there() -> None:
    text = GOOD + "layouts:\n  - tide-table\n  - tide-tabel\n"
    assert mistakes(text, layouts=("tide-table",)) == (
        "tides.yaml:10: layouts[2]: no layout 'tide-tabel'; did you mean 'tide-table'?",
    )


@pytest.mark.parametrize("number", ["nan", ".inf", "inf", "-0.5", "4000", "soon", "''"])
def test_delays_that_are_none(number: str) -> None:
    (told,) = mistakes(GOOD + f"politeness:\n  delay_s: {number}\n")
    assert told.startswith("tides.yaml:9: politeness.delay_s: ")
    assert told.endswith("; write seconds between two requests to a host, 0 to 3600")


@pytest.mark.parametrize("title", ["''", "' '", '"two\\nlines"', "[a]"])
def test_a_title_is_one_line_of_text(title: str) -> None:
    (told,) = mistakes(GOOD.replace("Tide tables of Lower Vellum", title))
    assert told.startswith("tides.yaml:1: title: ")


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_a_secret_field_that_frames_the_request_is_refused_with_its_line(name: str) -> None:
    (told,) = mistakes(f"{GOOD}secret_headers:\n  {name}: env:SECRET\n")
    assert told.startswith("tides.yaml:8")
    assert "is written by the program itself" in told


@pytest.mark.parametrize("text", ["re:" + "(" * 3_000 + ")" * 3_000, "re:a{99999999999999}", "re:(?=x)"])
def test_an_expression_that_cannot_be_used_is_told_with_its_line(text: str) -> None:
    (told,) = mistakes(GOOD.replace("    - https://tides.example.org/", f"    - '{text}'"))
    assert told.startswith("tides.yaml:7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("browser: pages\n", "belong together"),
        ("browser_for: [https://tides.example.org/app/]\n", "belong together"),
        ("browser: all\nbrowser_for: [https://tides.example.org/app/]\n", "belong together"),
        ("browser: all\nsecret_headers:\n  Authorization: env:WORD\n", "`secret_headers`"),
        ("browser: sometimes\n", "`off`, `pages`"),
        ("browser_click: [button]\n", "`browser_click`"),
        ("browser_sites: [{pages: [https://x.org/], click: [a]}]\n", "`browser_sites`"),
        ("browser: all\nbrowser_sites: [{click: [a]}]\n", "pages"),
        ("browser: all\nbrowser_sites: [{pages: ['re:(']}]\n", "pages"),
        ("browser: all\nbrowser_click: ['']\n", "selector"),
    ],
)
def test_a_browser_needs_to_know_its_pages_and_gets_no_secrets(text: str, told: str) -> None:
    (mistake,) = mistakes(GOOD + text)
    assert told in mistake


def test_a_browser_needs_what_pages_are_made_of() -> None:
    (mistake,) = mistakes(GOOD.replace("scope:\n", "scope:\n  requisites: none\n") + "browser: all\n")
    assert "requisites" in mistake


def test_a_browser_is_off_where_nothing_is_said() -> None:
    assert parse(GOOD).browser == "off"
    config = parse(GOOD + "browser: pages\nbrowser_for: ['re:.*/app/.*']\n")
    assert (config.browser, config.browser_for) == ("pages", ("re:.*/app/.*",))
