"""The recorded streams of the shared data that tests read, by the name of their file."""

from __future__ import annotations

DEEP = (
    "cricket-match-odds-gb-1.200806927-volume.gz",
    "cricket-match-odds-in-1.180305278-volume.bz2",
    "greyhound-place-gb-1.197931751.gz",
    "greyhound-win-gb-1.197931750.gz",
    "horse-place-au-1.205822330-three-removals.bz2",
    "horse-place-gb-1.181223995.gz",
    "horse-win-au-1.206064380-short-price-removal.bz2",
)
BASIC = "horse-win-gb-1.132153978-basic-two-removals.gz"
IMAGE = "horse-win-au-1.185781457-image-8-to-7.json"
RECORDINGS = (*DEEP, BASIC, IMAGE)
