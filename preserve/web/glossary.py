"""What tags and captions of cables mean, in a few words, for who reads one for the first time. No list is complete."""

from functools import cache
from typing import Final

from preserve.cables.posts import all_posts

_SUBJECTS: Final = """
AEMR emergency planning and evacuation; AFIN financial management; AINF information management; AMED medical
services; AMGT management operations; AORC international organizations and conferences; APER personnel; ASEC
security; BEXP trade expansion and promotion; BTIO trade and investment opportunities; CASC assistance to citizens;
CJAN judicial assistance; CMGT consular administration; CPAS passports and citizenship; CVIS visas; EAGR agriculture
and forestry; EAID foreign economic assistance; EAIR civil aviation; ECIN economic integration and cooperation; ECON
economic conditions; ECPS communications and postal systems; EFIN financial and monetary affairs; EFIS commercial
fishing; EIND industry and manufacturing; EINT economic and commercial intelligence; EINV foreign investments; ELAB
labour; ELTN land transportation; EMIN minerals and metals; ENRG energy and power; EPET petroleum and natural gas;
ETRD foreign trade; ETTC trade and technology controls; EWWT water transportation; KCOR corruption; KCRM criminal
activity; KDEM democratization; KFLO families of personnel; KFRD fraud; KGHG greenhouse gases; KIPR intellectual
property; KIRF religious freedom; KISL Islamic issues; KJUS administration of justice; KNNP nuclear
non-proliferation; KPAL Palestinian affairs; KPAO public affairs; KPKO peacekeeping; KSCA science; KTFN terrorist
finance; KTIP trafficking in persons; KWMN women; MARR military and defence arrangements; MASS military assistance
and sales; MCAP military capabilities; MNUC military nuclear applications; MOPS military operations; OEXC
educational and cultural exchange; OIIP information programmes; OPDC diplomatic correspondence; OPRC public
relations and correspondence; OREP congressional travel; OTRA travel and visits; OVIP travel of prominent people;
PARM arms control and disarmament; PBTS boundaries and sovereignty; PGOV internal governmental affairs; PHSA high
seas; PHUM human rights; PINR intelligence; PINS national security; PREF refugees; PREL external political
relations; PROP propaganda; PTER terrorism; SCUL culture; SENV environment; SMIG migration; SNAR narcotics; SOCI
social conditions; TBIO biology and medicine; TNGD engineering; TPHY physical sciences; TRGY energy technology; TSPA
space activities; TSPL science policy; EUN European Union; IAEA International Atomic Energy Agency; NATO North
Atlantic Treaty Organization; OAS Organization of American States; OSCE Organization for Security and Co-operation
in Europe; UNGA United Nations General Assembly; UNSC United Nations Security Council; UNHRC United Nations Human
Rights Council
"""
_CAPTIONS: Final = {
    "SIPDIS": "for distribution on the SIPRNet of the Departments of State and Defense",
    "NOFORN": "not for foreign nationals",
    "NODIS": "no distribution but to the named addressee",
    "EXDIS": "exclusive distribution",
    "LIMDIS": "limited distribution",
    "STADIS": "distribution within the Department of State",
    "NSDA": "no short distribution",
    "TERREP": "report on terrorism",
    "CODEL": "a congressional delegation",
    "STAFFDEL": "a delegation of congressional staff",
    "ROGER CHANNEL": "for the bureau of intelligence and research",
    "VISAS VIPER": "the programme that reports terrorists for the visa look-out",
}


@cache
def _tags() -> dict[str, str]:
    said = ((entry.split()[0], entry.split(None, 1)[1]) for entry in " ".join(_SUBJECTS.split()).split(";"))
    found = dict(said)
    posts: dict[str, list[str]] = {}
    for post in all_posts():
        if post.country and post.same_as is None:
            posts.setdefault(post.country, []).append(post.station)
    for country, stations in posts.items():
        found.setdefault(country, f"the country of {stations[0].title()}")
    return found


def tag_meaning(tag: str) -> str:
    """What a tag stands for; empty where this list does not say."""
    return _tags().get(tag.upper(), "")


def caption_meaning(caption: str) -> str:
    """What a caption stands for; empty where this list does not say."""
    return _CAPTIONS.get(caption.upper().strip(), "")
