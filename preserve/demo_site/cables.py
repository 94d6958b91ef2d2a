"""The demo's cables. Every post, person and event in them is invented; their form is that of the real ones.

Tested by ``tests/unit/demo_site/test_pages.py``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedCable:
    """One cable: the fields that a mirror prints, and the message line by line."""

    identifier: str
    origin: str
    created: str
    classification: str
    tags: str
    title: str
    message: str


LIGHTHOUSE = InventedCable(
    identifier="05PORTSOLACE117",
    origin="Embassy Port Solace",
    created="2005-03-14 09:35:00",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    tags="SENV EWWT XS Science Grants",
    title="PORT SOLACE COUNTS ITS LIGHTHOUSES AND FINDS ONE TOO MANY",
    message="""\
UNCLAS SECTION 01 OF 01 PORT SOLACE 000117\x20
\x20
SIPDIS\x20
\x20
SENSITIVE\x20
\x20
DEPARTMENT FOR OES/OA (HFENWICK)\x20
\x20
E.O. 12958: N/A\x20
TAGS: SENV, EWWT, XS, Science Grants\x20
SUBJECT: PORT SOLACE COUNTS ITS LIGHTHOUSES AND FINDS ONE\x20
TOO MANY\x20
\x20
REF: 04 PORT SOLACE 1204\x20
\x20
1. (SBU) Summary:  The Harbour Office has finished its first\x20
inventory of lighthouses in forty years.  It lists twelve.\x20
The charts show eleven.  End summary.\x20
\x20
2. (SBU) Harbour Master Ilse Quarrington told Econoff on\x20
March 9 that the twelfth light stands on a rock that is dry\x20
for six hours a day and belongs to nobody.\x20
\x20
3. (U) The lamp is lit every evening.  The keeper of the\x20
nearest light, Tobias Wren, denied that he rows out to it\x20
but asked whether the Embassy could spare some oil.\x20
\x20
4. (SBU) Comment: The Office would rather amend the charts\x20
than the inventory.  We see no reason to object.  End\x20
comment.\x20
\x20
HOLLOWAY\x20
\x20
NNNN\x20
""",
)

ALMONDS = InventedCable(
    identifier="06VELDORA42",
    origin="Consulate Veldora",
    created="2006-03-02 16:20:00",
    classification="UNCLASSIFIED",
    tags="EAGR ETRD VD",
    title="VELDORA'S ALMOND HARVEST COMES EARLY",
    message="""\
UNCLAS VELDORA 000042\x20
\x20
SIPDIS\x20
\x20
E.O. 12958: N/A\x20
TAGS: EAGR, ETRD, VD\x20
SUBJECT: VELDORA'S ALMOND HARVEST COMES EARLY\x20
\x20
1. The almonds of the Veldora valley were ripe three weeks\x20
before the fair that sells them.  Growers have asked for the\x20
fair to be moved; innkeepers have asked for the almonds to\x20
wait.\x20
\x20
2. The Chamber of Agriculture expects a crop of 1,100 tons,\x20
a tenth more than last year.  Prices are steady.\x20
\x20
3. Consulate will attend the fair on whichever day it is.\x20
\x20
MARCHBANKS\x20
\x20
NNNN\x20
""",
)

BRIDGE = InventedCable(
    identifier="03PORTSOLACE881",
    origin="Embassy Port Solace",
    created="2003-11-20 11:05:00",
    classification="UNCLASSIFIED",
    tags="ECON ELTN XS",
    title="NEW BRIDGE OPENS, OLD FERRY STAYS",
    message="""\
UNCLAS PORT SOLACE 000881\x20
\x20
E.O. 12958: N/A\x20
TAGS: ECON, ELTN, XS\x20
SUBJECT: NEW BRIDGE OPENS, OLD FERRY STAYS\x20
\x20
1. The bridge over the Solace was opened on November 18.  The\x20
ferry beside it carried 412 passengers on the same day, four\x20
more than on the day before.\x20
\x20
2. The ferryman puts this down to the toll.\x20
\x20
HOLLOWAY\x20
\x20
NNNN\x20
""",
)

CLOCK = InventedCable(
    identifier="09VELDORA7",
    origin="Consulate Veldora",
    created="2009-01-12 08:15:00",
    classification="UNCLASSIFIED",
    tags="SCUL VD",
    title="TOWN CLOCK REPAIRED BY SUBSCRIPTION",
    message="""\
UNCLAS VELDORA 000007\x20
\x20
SIPDIS\x20
\x20
E.O. 12958: N/A\x20
TAGS: SCUL, VD\x20
SUBJECT: TOWN CLOCK REPAIRED BY SUBSCRIPTION\x20
\x20
1. The clock of Veldora's town hall runs again after nineteen\x20
years.  Its repair was paid for by 230 citizens, each of\x20
whom now has an opinion on the right time.\x20
\x20
MARCHBANKS\x20
\x20
NNNN\x20
""",
)

REDACTED_NAME = ("Ilse Quarrington told", "XXXXXXXXXXXX told")
"""What the edit between the two runs puts in the place of what."""
