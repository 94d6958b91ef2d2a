"""What the real pages beside the checkout cite, are filed under and are signed with, as it was checked by eye."""

import re
from pathlib import Path

import pytest

from preserve.cables.extract import extract
from preserve.cables.page.layouts import compile_layouts
from preserve.cables.posts import is_station
from preserve.config.folder import load_layouts

RIGHT: dict[str, tuple[str, str, str | None]] = {
    "03BRASILIA698": (
        (
            "03STATE43420 02BRASILIA1869 02BRASILIA2290 02BRASILIA2590 02BRASILIA2940 02BRASILIA4170 "
            "02BRASILIA4470 02BRASILIA4473 03RIODEJANEIRO198 02RIODEJANEIRO1030 "
            "02SAOPAULO268 02SAOPAULO807 02SAOPAULO894 02SAOPAULO1709"
        ),
        "KIPR ETRD ECON BTIO",
        "GOUGHNOUR",
    ),
    "04BRASILIA1975": (
        "",
        "PREL ECON BR",
        "DANILOVICH",
    ),
    "04THEHAGUE2735": (
        "",
        "PREL PGOV TU NL EUN",
        "Russel",
    ),
    "06BRASILIA694": (
        "06BRASILIA688",
        "EAIR EIND OPRC BR",
        "CHICOLA",
    ),
    "06SANJOSE132": (
        "05SANJOSE423 05SANJOSE933",
        "OREP ETRD EAGR PREL PGOV CS",
        "LANGDALE",
    ),
    "06SANJOSE2041": (
        "",
        "ETRD EINV ECIN PGOV CS",
        "LANGDALE",
    ),
    "06TOKYO1592": (
        "05TOKYO4067 06NAGOYA3",
        "ENRG TSPL KSCA SOCI JA",
        "SCHIEFFER",
    ),
    "07GENEVA2626": (
        "07GENEVA2373 07GENEVA2355",
        "PHUM UNHRC",
        None,
    ),
    "07MADRID1722": (
        "07MADRID1670",
        "PREL EWWT PBTS PHSA SCUL SP CA",
        "AGUIRRE",
    ),
    "07MANAMA963": (
        "07STATE146857",
        "PREL AORC UN UNGA BA",
        "ERELI",
    ),
    "07TALLINN128": (
        "",
        "OECD ECON EN",
        "GOLDSTEIN",
    ),
    "08HELSINKI374": (
        "08STATE86108",
        "PGOV PREL GG RU FI",
        "BARRETT",
    ),
    "08OSLO461.v1": (
        "08STATE82698",
        "KSCA SENV AORC NO",
        "WHITNEY",
    ),
    "08OSLO461.v2": (
        "08STATE82698",
        "KSCA SENV AORC NO",
        "WHITNEY",
    ),
    "08QUITO221": (
        "08QUITO219",
        "PGOV PREL MOPS EC CO",
        "BROWN",
    ),
    "08REYKJAVIK66": (
        "08REYKJAVIK55",
        "ECON EFIN IC",
        "KLOPFENSTEIN",
    ),
    "09LONDON2121.v1": (
        "",
        "ECON EINV EFIN UK",
        "SUSMAN",
    ),
    "09LONDON2121.v2": (
        "",
        "ECON EINV EFIN UK",
        "SUSMAN",
    ),
    "09LONDON2712": (
        "09LONDON2697 09LONDON2649 09STATE120847",
        "PREL EAID WBG IS UK",
        "Susman",
    ),
    "09RIYADH1557": (
        "",
        "ENRG EPET PREL SA",
        "SMITH",
    ),
    "09SAOPAULO487": (
        "",
        "KMDR OPRC OIIP XM XR XF BR",
        "WHITE",
    ),
    "09SECTION01OF03SANJOSE525": (
        "08SANJOSE800 08SANJOSE1 08SANJOSE551 09SANJOSE28 09SANJOSE23 09SANJOSE499",
        "PREL PGOV MASS MARR SOCI EAID CS",
        None,
    ),
    "09STOCKHOLM355": (
        "",
        "PGOV PINR PREL ECON KIPR SW",
        "HILTON",
    ),
    "10EFTOLONDON16": (
        "10STATE130750",
        "PARM PREL PTER KGIC UK",
        "LeBaron",
    ),
    "10MEXICO27": (
        "10STATE109980",
        "PTER ASEC PGOV MX",
        "PASCUAL",
    ),
    "66BUENOSAIRES2481.v1": (
        "66STATE106206",
        "EFIS PBTS AR",
        "SACCIO",
    ),
    "66BUENOSAIRES2481.v2": (
        "66STATE106206",
        "EFIS PBTS AR",
        "SACCIO",
    ),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", RIGHT)
def test_references_tags_and_signature(name: str, shared_cables: Path) -> None:
    layouts = list(compile_layouts(load_layouts(Path(__file__).parents[2] / "config")).values())
    got = extract((shared_cables / f"{name}.html").read_bytes(), "text/html", layouts)
    assert got is not None
    cables = [one for entry in got.cited for one in entry]
    signature = got.message.signature
    assert (
        " ".join(one.id for one in cables),
        " ".join(tag.meant for tag in got.message.meant_tags),
        None if signature is None else signature.text,
    ) == RIGHT[name]
    assert all(one.certain and is_station(re.sub(r"\d", "", one.id)) for one in cables)
