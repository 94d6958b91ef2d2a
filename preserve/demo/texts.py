"""The cables of the demo mirror: invented posts of an invented country, invented people, invented events."""

from dataclasses import dataclass

NAME_GIVEN = "Odile Farthingale"
"""The invented name that stands in one cable at first and is covered later."""
NAME_COVERED = "XXXXXXXXXXXX"

NOT_REDACTED = "This cable was not redacted by Wikileaks."
PARTIAL = (
    "This record is a partial extract of the original cable. The full text of the original cable is not available."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCable:
    """One invented cable. ``body`` is the message as the dump writes it: a blank at the end of every line, LF after it."""

    identifier: str
    number: int
    """The number in the address ``cable.php?id=``."""
    title: str
    post: str
    """The post's name in capitals, as the message writes it."""
    origin: str
    created: str
    """``YYYY-MM-DD HH:MM:SS`` in UTC, with the true minutes."""
    classification: str
    tags: tuple[str, ...]
    body: str
    header: str = ""
    """The message header; empty where the page says that it shows an extract only."""


def _message(text: str) -> str:
    """The text with the blank that the dump leaves at the end of every line, and the end mark."""
    return "".join(f"{line} \n" for line in [*text.strip("\n").split("\n"), "", "", "NNNN"])


LIGHTHOUSE = DemoCable(
    identifier="03SALTHAVEN17",
    number=101,
    title="LIGHTHOUSE INVENTORY FINDS ELEVEN LAMPS AND ONE OBOE",
    post="SALTHAVEN",
    origin="Consulate Salthaven",
    created="2003-03-12 09:41:00",
    classification="UNCLASSIFIED",
    tags=("EWWT", "SCUL", "VX"),
    body=_message("""
UNCLAS SALTHAVEN 000017

SIPDIS

E.O. 12958: N/A
TAGS: EWWT, SCUL, VX
SUBJECT: LIGHTHOUSE INVENTORY FINDS ELEVEN LAMPS AND ONE
OBOE

1. Summary:  The Salthaven harbour board finished its first
inventory of the north lighthouse in forty years on March
10.  It lists eleven lamps, of which nine burn, three
hundred metres of rope and one oboe.  End Summary.

2. Keeper Barnaby Quince showed the consul around.  The
stairs have 212 steps; the board's book says 210.  Quince
explained that the two lowest steps were under sand until
the winter storm.

3. Nobody on the board could say whose oboe it is.  Quince
plays it in fog, "because the horn is out of tune."  The
board voted five to two to enter it as a signalling device.

4. Comment:  The board will count the south lighthouse next,
if the ferry runs.  End Comment.

WHIMBREL
"""),
)

ALMONDS = DemoCable(
    identifier="05LOWMERE61",
    number=214,
    title="ALMOND HARVEST LATE, BEES BLAMED",
    post="LOWMERE",
    origin="Embassy Lowmere",
    created="2005-09-21 14:07:00",
    classification="UNCLASSIFIED",
    tags=("EAGR", "ECON", "VX"),
    body=_message("""
UNCLAS LOWMERE 000061

SIPDIS

E.O. 12958: N/A
TAGS: EAGR, ECON, VX
SUBJECT: ALMOND HARVEST LATE, BEES BLAMED

REF: LOWMERE 44

1. Summary:  Growers in the Lower Mere expect the almond
harvest three weeks late.  They blame the bees; the
beekeepers blame the weather; the weather office is closed
until October.  End Summary.

2. Growers' union chair Ottoline Brack told Econoff on
September 19 that the trees flowered in February as usual,
"but nobody came."  She put this year's crop at 4,100
tonnes, against 5,300 in 2004 (reftel).

3. Beekeeper Anselm Tull keeps 90 hives and a diary.  By his
diary the bees flew on four days of that month.  He offered
to read it aloud.  Econoff took notes for two hours.

4. The Ministry of Orchards promises a bee census.  Forms go
out in spring, one for each hive.

PETTIBONE
"""),
    header="""VZCZCXYZ0061
RR RUEHXX

DE RUEHLW #0061/01 2641407
ZNR UUUUU ZZH
R 211407Z SEP 05
FM AMEMBASSY LOWMERE
TO RUEHC/SECSTATE WASHDC 0361
INFO RUEHSH/AMCONSUL SALTHAVEN 0019""",
)

FERRY = DemoCable(
    identifier="06SALTHAVEN208",
    number=307,
    title="TWO TIMETABLES, ONE FERRY",
    post="SALTHAVEN",
    origin="Consulate Salthaven",
    created="2006-06-02 08:25:00",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    tags=("ELTN", "PGOV", "VX"),
    body=_message(f"""
UNCLAS SALTHAVEN 000208

SIPDIS

SENSITIVE

E.O. 12958: N/A
TAGS: ELTN, PGOV, VX
SUBJECT: TWO TIMETABLES, ONE FERRY

1. (SBU) Summary:  The islands of Greater and Lesser Dunnock
print different timetables for the same ferry.  Both are
right on Thursdays.  End Summary.

2. (SBU) Ferry clerk {NAME_GIVEN} told the consul on
May 30 that the two island councils have not met since the
quarrel over the pier clock.  Each council sets its own
clock, and each timetable follows its clock.

3. (U) The captain sails when the cart with the milk is on
board.  Passengers have learned to watch the cart.

4. (SBU) Comment:  A third timetable, proposed by the
harbour board, would make the matter worse.  End Comment.

WHIMBREL
"""),
)

MAP = DemoCable(
    identifier="07LOWMERE118",
    number=415,
    title="NEW MAP MOVES THE CAPITAL FOUR METRES",
    post="LOWMERE",
    origin="Embassy Lowmere",
    created="2007-04-17 16:32:00",
    classification="UNCLASSIFIED",
    tags=("TSPL", "PGOV", "VX"),
    body=_message("""
UNCLAS LOWMERE 000118

SIPDIS

E.O. 12958: N/A
TAGS: TSPL, PGOV, VX
SUBJECT: NEW MAP MOVES THE CAPITAL FOUR METRES

1. Summary:  The Royal Survey presented its new map on April
16.  Lowmere lies four metres further east than before.  The
mayor asks who pays for the signs.  End Summary.

2. Surveyor General Hector Pym laid the difference to a
chain that was one link short in 1871.  The link was found
in a drawer in March and is on show in the town hall.

3. Farmers along the river asked whether their fields moved
too.  Pym answered that only the numbers moved.  This was
not well received.

PETTIBONE
"""),
)

CHOIR = DemoCable(
    identifier="08QUILLPORT93",
    number=522,
    title="HARBOUR CHOIR STRIKES FOR LONGER PAUSES",
    post="QUILLPORT",
    origin="US Office Quillport",
    created="2008-11-05 11:19:00",
    classification="UNCLASSIFIED",
    tags=("ELAB", "SCUL", "VX"),
    body=_message("""
UNCLAS QUILLPORT 000093

SIPDIS

E.O. 12958: N/A
TAGS: ELAB, SCUL, VX
SUBJECT: HARBOUR CHOIR STRIKES FOR LONGER PAUSES

1. Summary:  The Quillport harbour choir has been silent
since November 1.  Its basses ask for longer pauses; the
sopranos support them "in principle."  End Summary.

2. Choir master Leopold Sedge told Poloff that a pause is
written by the composer and cannot be bargained over.  The
strikers hum during his rehearsals.

3. Ships have begun to use their horns again.

ASPINALL
"""),
)

SNOW = DemoCable(
    identifier="09QUILLPORT45",
    number=630,
    title="SNOW MUSEUM OPENS IN JULY",
    post="QUILLPORT",
    origin="US Office Quillport",
    created="2009-07-14 10:02:00",
    classification="UNCLASSIFIED",
    tags=("SCUL", "SENV", "VX"),
    body=_message("""
UNCLAS QUILLPORT 000045

SIPDIS

E.O. 12958: N/A
TAGS: SCUL, SENV, VX
SUBJECT: SNOW MUSEUM OPENS IN JULY

1. Summary:  Quillport opened the country's first museum of
snow on July 11, at 31 degrees.  The chief exhibit is a
snowball of 1954 in a box of sawdust.  End Summary.

2. Director Philippa Hale said that visitors may look into
the box for two seconds each.  By evening 900 had looked.

3. The museum asks missions abroad for samples.  Post sent
its regrets.

ASPINALL
"""),
    header="""VZCZCXYZ0045
RR RUEHXX

DE RUEHQP #0045/01 1951002
ZNR UUUUU ZZH
R 141002Z JUL 09
FM USOFFICE QUILLPORT
TO RUEHC/SECSTATE WASHDC 0209""",
)

CABLES = (LIGHTHOUSE, ALMONDS, FERRY, MAP, CHOIR, SNOW)
