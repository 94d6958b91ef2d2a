"""Which post or agency a name means: in references, ids, FM lines, addressees and origins.

A name is read by the first rule that fits, and the reading names that rule:

========================  =======================================================================  =======
rule                      what is printed                                                          certain
========================  =======================================================================  =======
``name``                  the station of the table, however it is spaced: ``THE HAGUE``            yes
``short form``            a short form of the table: ``USUN``, ``HCMC``                            yes (*)
``country behind``        a post with its country's name or code: ``VIENNA AUSTRIA``, ``MADRIDSP`` yes
``zero for O``            digits 0 in place of the letter: ``COTON0U``                             yes
``one letter``            one letter wrong, missing, too many, or two swapped                      no
``beginning``             the first five letters or more of one post alone: ``KUALALUMP``          no
========================  =======================================================================  =======

(*) but for short forms that also mean something else. The last two rules read a name only where one post alone fits:
what lies between two posts (``MADRAD``) is none of them. Nothing here is silent: who shows a reading shows its rule.

Tested by ``tests/properties/test_readings.py``.
"""

import unicodedata
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from preserve.cables.likeness import one_less, one_letter_apart
from preserve.cables.posttable import COUNTRIES, POSTS
from preserve.expressions import lazy_re

PostRule = Literal["name", "short form", "country behind", "zero for O", "one letter", "beginning"]

_MISSION: Final = lazy_re(
    r"(?:(?:AM|US)?(?:EMBASSY|EMBASY|CONSULATE|CONSUL|CONGEN)|AMEMB|AMCONGEN|USMISSION|US MISSION|MISSION|USLO|USINT|"
    r"USOFFICE|US OFFICE|REO|(?:THE )?AMERICAN (?:EMBASSY|CONSULATE|INSTITUTE)|US INTERESTS SECTION|INTERESTS SECTION)"
    r"(?: GENERAL)?(?: (?:TO|IN|OF|AT))?[ ,]+"
)
"""Words before the name of a post that say what kind of post it is."""
_GLUED_MISSION: Final = lazy_re(r"(?:AMEMBASSY|AMCONSUL|USMISSION|EMBASSY|AMCONGEN)(?=[A-Z]{4})")
_PLACE: Final = lazy_re(r"[ ,]+(?:WASH ?D\.?C\.?|WASHINGTON(?:,? ?D\.?C\.?)?)$")
"""Where the agencies are; the Department itself may be named by nothing else (``WASHDC``)."""
_LONGEST: Final = 80
"""Characters of a name that are looked at; the longest origin has about 60."""
_SHORTEST_LIKE: Final = 5
"""Letters that a name must have to be read by a rule that is not certain."""


class Post(Struct, frozen=True, kw_only=True):
    """A post or agency. ``station`` is its name in ids; ``country`` the code of its country in TAGS, if it has one.

    ``same_as`` is the station under which the post is known otherwise or later (``KYIV`` of ``KIEV``). ``years`` are
    the first and the last year of its messages, each None where it is not known.
    """

    station: str
    country: str | None
    origins: tuple[str, ...]
    short_forms: tuple[str, ...]
    same_as: str | None
    years: tuple[int | None, int | None]


class PostReading(Struct, frozen=True, kw_only=True):
    """The station that a name means, the rule that says so, and whether that rule leaves no doubt."""

    station: str
    rule: PostRule
    certain: bool


class _Table(Struct, frozen=True):
    posts: dict[str, Post]
    forms: dict[str, tuple[str, bool]]
    """By the letters of a name or short form: the station, and whether it is certain."""
    origins: dict[str, str]
    countries: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def _table() -> _Table:
    posts: dict[str, Post] = {}
    forms: dict[str, tuple[str, bool]] = {}
    origins: dict[str, str] = {}
    for line in POSTS.strip().split("\n"):
        station, country, names, short, same, years = (part.strip() for part in f"{line} | | | |".split("|")[:6])
        first, _, last = years.partition("-")
        post = Post(
            station=station,
            country=None if country == "--" else country,
            origins=tuple(name.strip() for name in names.split(";")),
            short_forms=tuple(form.lstrip("?") for form in short.split()),
            same_as=same or None,
            years=(int(first) if first else None, int(last) if last else None),
        )
        posts[station] = post
        forms[station] = station, True
        for form in short.split():
            forms.setdefault(form.lstrip("?"), (station, not form.startswith("?")))
        for name in post.origins:
            origins.setdefault(letters_of(name), same or station)
    countries: dict[str, tuple[str, ...]] = {}
    for piece in COUNTRIES.replace("\n", " ").split(";"):
        code, _, name = piece.strip().partition(" ")
        countries[code] = (*countries.get(code, ()), name)
    return _Table(posts, forms, origins, countries)


def all_posts() -> tuple[Post, ...]:
    """The posts of the table, by station."""
    return tuple(_table().posts.values())


def is_station(letters: str) -> bool:
    """Whether these letters are a station of the table as it stands in ids."""
    return letters in _table().posts


def same_post(station: str) -> str:
    """The one station that stands for a post that is known under several: ``KYIV`` for ``KIEV`` too."""
    post = _table().posts.get(station)
    return station if post is None or post.same_as is None else post.same_as


def station_of_origin(origin: str) -> str | None:
    """The station whose pages print this as their origin: ``Secretary of State``; None where it is none of them."""
    return _table().origins.get(letters_of(origin[:_LONGEST]))


@lru_cache(maxsize=4_096)
def read_post(said: str, *, alike: bool = True) -> PostReading | None:
    """The post that a name means, None where it is none of the table or may be two of them.

    ``said`` is a name in words of any case (``Amembassy Port-au-Prince``) or the letters of an id. Without ``alike``
    only the rules that are certain are tried. Never fails; time is linear in the length, which is bounded.
    """
    table = _table()
    names = _without_surroundings(_words(said[:_LONGEST]))
    for name in names:
        letters = _joined(name)
        known = table.forms.get(letters)
        if known is not None:
            rule: PostRule = "name" if known[0] == letters else "short form"
            return PostReading(station=known[0], rule=rule, certain=known[1])
    name = names[-1]
    letters = _joined(name)
    if (found := _with_country(table, name, letters)) is not None:
        return PostReading(station=found, rule="country behind", certain=True)
    spelt = letters.replace("0", "O")
    if spelt != letters and (known := table.forms.get(spelt)) is not None:
        return PostReading(station=known[0], rule="zero for O", certain=known[1])
    return _alike(table, spelt) if alike and len(spelt) >= _SHORTEST_LIKE and spelt.isalpha() else None


def _alike(table: _Table, letters: str) -> PostReading | None:
    """The one post whose name or short form is like these letters."""
    index = _shortened()
    forms = {form for key in (letters, *one_less(letters)) for form in index.get(key, ())}
    near = {same_post(table.forms[form][0]) for form in forms if one_letter_apart(letters, form)}
    if near:
        return PostReading(station=near.pop(), rule="one letter", certain=False) if len(near) == 1 else None
    begun = {same_post(station) for station in table.posts if station.startswith(letters)}
    return PostReading(station=begun.pop(), rule="beginning", certain=False) if len(begun) == 1 else None


@lru_cache(maxsize=1)
def _shortened() -> dict[str, list[str]]:
    """The names and certain short forms, by themselves and by what is left of them without one letter."""
    index: dict[str, list[str]] = {}
    for form, (_, certain) in _table().forms.items():
        if certain and len(form) >= _SHORTEST_LIKE - 1:
            for key in (form, *one_less(form)):
                index.setdefault(key, []).append(form)
    return index


def _with_country(table: _Table, words: str, letters: str) -> str | None:
    """The post of the table before the name or the code of its own country."""
    code = letters[-2:]
    post = table.posts.get(letters[:-2])
    if post is not None and post.country == code:
        return post.station
    for at, character in enumerate(words):
        if character in " ,":
            known = table.forms.get(_joined(words[:at]))
            post = None if known is None else table.posts[known[0]]
            behind = words[at:].strip(" ,()")
            if post is not None and post.country and behind in (post.country, *table.countries.get(post.country, ())):
                return post.station
    return None


def _without_surroundings(words: str) -> list[str]:
    """A name, then the same without the kind of post before it and without the place of an agency behind it."""
    names = [words]
    shorter = _GLUED_MISSION.sub("", _MISSION.sub("", words, count=1), count=1)
    for name in (shorter, _PLACE.sub("", shorter)):
        if name and name != names[-1]:
            names.append(name)
    return names


def _words(said: str) -> str:
    """A name in capitals without accents, with single blanks."""
    if not said.isascii():
        said = "".join(letter for letter in unicodedata.normalize("NFKD", said) if letter.isascii())
    return " ".join(said.upper().split())


def _joined(words: str) -> str:
    return "".join(letter for letter in words if letter.isalpha() or letter == "0")


def letters_of(text: str) -> str:
    """The letters of a name in capitals, without accents, blanks and points."""
    return "".join(filter(str.isalpha, _words(text)))
