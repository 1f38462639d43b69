"""Names for a generated race day: real courses, made-up horses and people, race names as the exchange writes them."""

from __future__ import annotations

from typing import NamedTuple


class Course(NamedTuple):
    """A racecourse; ``country`` GB or IE, ``over_jumps`` for one that races over hurdles and fences in summer."""

    name: str
    country: str
    over_jumps: bool


COURSES: tuple[Course, ...] = (
    *(
        Course(name, "GB", over_jumps=False)
        for name in (
            "Ascot", "Ayr", "Bath", "Beverley", "Brighton", "Carlisle", "Chelmsford City", "Chepstow", "Chester",
            "Doncaster", "Epsom", "Goodwood", "Hamilton", "Haydock", "Kempton", "Leicester", "Lingfield", "Musselburgh",
            "Newcastle", "Newmarket", "Nottingham", "Pontefract", "Redcar", "Ripon", "Salisbury", "Sandown", "Thirsk",
            "Windsor", "Wolverhampton", "Yarmouth", "York",
        )
    ),
    *(
        Course(name, "GB", over_jumps=True)
        for name in (
            "Cartmel", "Market Rasen", "Newton Abbot", "Perth", "Southwell", "Stratford", "Uttoxeter", "Worcester",
        )
    ),
    *(Course(name, "IE", over_jumps=False) for name in ("Cork", "Curragh", "Dundalk", "Leopardstown", "Naas", "Navan")),
    *(Course(name, "IE", over_jumps=True) for name in ("Galway", "Killarney", "Limerick", "Roscommon", "Wexford")),
)  # fmt: skip
"""Courses in Great Britain and Ireland that race in summer."""


class RaceKind(NamedTuple):
    """A kind of race: its words in a market's name, the exchange's race type, its distances in furlongs."""

    words: str
    race_type: str
    furlongs: tuple[int, ...]
    is_handicap: bool
    most_runners: int


_SPRINTS, _MILES, _STAYING = (5, 6, 7), (8, 9, 10, 11, 12), (13, 14, 16, 18)
_JUMPS = (16, 17, 18, 20, 21, 22, 24, 25)

FLAT_KINDS: tuple[RaceKind, ...] = (
    RaceKind("Hcap", "Flat", _SPRINTS, is_handicap=True, most_runners=22),
    RaceKind("Hcap", "Flat", _MILES, is_handicap=True, most_runners=20),
    RaceKind("Hcap", "Flat", _STAYING, is_handicap=True, most_runners=18),
    RaceKind("Nov Stks", "Flat", _SPRINTS, is_handicap=False, most_runners=14),
    RaceKind("Mdn Stks", "Flat", _MILES, is_handicap=False, most_runners=14),
    RaceKind("Listed", "Flat", _MILES, is_handicap=False, most_runners=12),
    RaceKind("Stks", "Flat", _SPRINTS, is_handicap=False, most_runners=16),
)
JUMP_KINDS: tuple[RaceKind, ...] = (
    RaceKind("Hcap Hrd", "Hurdle", _JUMPS, is_handicap=True, most_runners=24),
    RaceKind("Nov Hrd", "Hurdle", _JUMPS, is_handicap=False, most_runners=16),
    RaceKind("Hcap Chs", "Chase", _JUMPS, is_handicap=True, most_runners=18),
    RaceKind("Nov Chs", "Chase", _JUMPS, is_handicap=False, most_runners=10),
    RaceKind("NHF", "NH Flat", (16, 17), is_handicap=False, most_runners=16),
)

FIRST_WORDS = (
    "Amber", "Ancient", "Arctic", "Autumn", "Bold", "Brave", "Bright", "Bronze", "Calm", "Candid", "Cobalt", "Copper",
    "Coral", "Crimson", "Dancing", "Daring", "Desert", "Distant", "Eastern", "Emerald", "Fabled", "Famous", "Fast",
    "Final", "First", "Flying", "Free", "Frosty", "Gallant", "Gentle", "Gilded", "Golden", "Grand", "Hidden",
    "Highland", "Honest", "Humble", "Indigo", "Island", "Ivory", "Jolly", "Kindly", "Last", "Laughing", "Little",
    "Lively", "Lofty", "Lucky", "Lunar", "Merry", "Midnight", "Misty", "Modest", "Morning", "Native", "Noble",
    "Northern", "Ocean", "Old", "Patient", "Pearl", "Plain", "Polar", "Proud", "Quiet", "Rapid", "Regal", "River",
    "Roman", "Royal", "Ruby", "Rustic", "Scarlet", "Secret", "Shining", "Silent", "Silver", "Simple", "Singing",
    "Solar", "Southern", "Spring", "Steady", "Stormy", "Summer", "Sunny", "Swift", "Tidal", "Velvet", "Western",
    "Wild", "Winter", "Wise", "Young",
)  # fmt: skip
SECOND_WORDS = (
    "Acre", "Anchor", "Anthem", "Arrow", "Avenue", "Banner", "Beacon", "Bell", "Blossom", "Bridge", "Brook", "Canyon",
    "Castle", "Chapter", "Charm", "Chorus", "Comet", "Compass", "Court", "Crown", "Dance", "Dawn", "Diamond", "Dream",
    "Echo", "Ember", "Express", "Falcon", "Feather", "Fiddle", "Flame", "Forest", "Fortune", "Garden", "Glen",
    "Guest", "Hammer", "Harbour", "Harvest", "Haven", "Herald", "Horizon", "Journey", "Jubilee", "Kestrel", "Knight",
    "Lady", "Lantern", "Legend", "Letter", "Light", "Maiden", "Marble", "Meadow", "Melody", "Memory", "Minstrel",
    "Monarch", "Moon", "Mountain", "Orchard", "Parade", "Pilgrim", "Pilot", "Poet", "Prince", "Promise", "Quest",
    "Raven", "Ribbon", "Sailor", "Scholar", "Season", "Shadow", "Signal", "Song", "Spirit", "Star", "Stone", "Story",
    "Stream", "Tempest", "Thistle", "Tide", "Tower", "Treasure", "Trumpet", "Valley", "Verse", "Victory", "Voyage",
    "Whisper", "Willow",
)  # fmt: skip

JOCKEYS = (
    "A Ainsley", "B Barrow", "C Calder", "D Denholm", "E Eastgate", "F Farley", "G Garston", "H Hollis", "I Inchbald",
    "J Jarrow", "K Kerswell", "L Langdale", "M Merrow", "N Norbury", "O Oakshott", "P Penrose", "R Radley",
    "S Selwyn", "T Tarrant", "U Upcott", "V Vickery", "W Wexcombe", "Miss A Yardley", "Miss C Birkin",
    "Miss E Stokesay", "R Quarley", "S Thorley", "T Ashdown", "W Marlow", "P Colgrave",
)  # fmt: skip
TRAINERS = (
    "A B Alderley", "B Brindley", "C D Cranmore", "D Dunsford", "E Elstow", "F G Fenwick", "G Greatorex",
    "H J Harcombe", "I Ilmington", "J Jessop", "K Kilbride", "L M Lockyer", "M Maddock", "N O'Tierney", "P J Pendle",
    "R Rainsford", "S & T Saltmarsh", "T Tolland", "V Venner", "W Wychwood", "Mrs A Braddon", "Mrs J Hartwell",
    "Miss K Corrie", "J P Mulhern", "G Loughrey",
)  # fmt: skip


def distance_name(furlongs: int) -> str:
    """A distance as the exchange writes it: 5f, 1m, 2m4f."""
    miles, rest = divmod(furlongs, 8)
    return f"{miles}m" * (miles > 0) + f"{rest}f" * (rest > 0)


def day_name(day: int) -> str:
    """A day of the month as the exchange writes it: 1st, 2nd, 27th."""
    ending = "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")  # noqa: PLR2004
    return f"{day}{ending}"
