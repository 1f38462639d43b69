"""One self-contained HTML page: no script, nothing from elsewhere, dark and light, readable at a phone's width."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from policytrader.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --fore: #1b1f24; --soft: #57606a; --rule: #d0d7de; --band: #f6f8fa;
  --line: #0550ae; --other: #9a4b00; --gain: #116329; --loss: #a40e26; --mode: #1b1f24 }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --fore: #e6edf3; --soft: #9da7b3; --rule: #30363d;
  --band: #161b22; --line: #79c0ff; --other: #f0a35e; --gain: #56d364; --loss: #ff8f88; --mode: #e6edf3 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 96rem; padding: 1rem; background: var(--back); color: var(--fore);
  font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: .5rem 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.mode { border: 2px solid var(--mode); border-radius: .3rem; padding: 0 .4rem }
.live { background: var(--loss); border-color: var(--loss); color: var(--back) }
p { margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere } .soft { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: 1rem 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere } li { overflow-wrap: anywhere }
.scroll { overflow-x: auto; max-width: 100% }
.pair { display: grid; gap: 1rem; align-items: start } .pair > * { min-width: 0 }
@media (min-width: 60rem) { .pair { grid-template-columns: minmax(0, 25rem) minmax(0, 1fr) } }
.tables { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start }
.pair .scroll, .tables .scroll { max-height: 26rem; overflow-y: auto }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .45rem; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule) }
thead th { position: sticky; top: 0; background: var(--band); z-index: 1 }
.n { text-align: right } thead th { white-space: normal; vertical-align: bottom }
.wrap { white-space: normal; min-width: 7rem; overflow-wrap: anywhere }
.n.wrap { min-width: 4.8rem; overflow-wrap: normal }
.above > * { border-bottom: 0 } .below td { white-space: normal; padding: 0 .45rem .4rem }
.below div { position: sticky; left: .45rem; width: fit-content; max-width: min(100%, 100vw - 3rem);
  overflow-wrap: anywhere }
tbody th { position: sticky; left: 0; background: var(--back); font-weight: 600 }
svg { width: 100%; max-width: 40rem; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--fore) } .grid { stroke: var(--rule) } .zero { stroke: var(--soft); stroke-width: 1.5 }
.line { fill: none; stroke: var(--line); stroke-width: 2 } .bar { fill: var(--line) }
@media print { .scroll { overflow: visible; max-height: none !important } }
.b { --line: var(--other) } .line.b { stroke-dasharray: 6 3 }
.whole { fill: none; stroke: var(--soft) } .whisker { fill: none; stroke: var(--line); stroke-width: 2 }
.gain { fill: var(--gain) } .loss { fill: var(--loss) }
"""


class Kinds(NamedTuple):
    """Which column names the rows, which hold numbers, which may be broken into lines, which is long.

    What the long one says of a row stands below it, as wide as the page.
    """

    names: int
    numbers: AbstractSet[int]
    wraps: AbstractSet[int] = frozenset()
    long: int | None = None


def page_of(heading: str, body: Iterable[str]) -> str:
    """The page. Its heading stands in the first line of what is written, escaped here; the body is HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(heading)} - policytrader</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body></html>\n"
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and lines, as a list of facts."""
    lines = "\n".join(f"<dt>{text(name)}</dt><dd>{text(line)}</dd>" for name, line in rows)
    return f"<dl>\n{lines}\n</dl>"


def pair(picture: str, shown: str) -> str:
    """A picture and the table that it shows."""
    return f'<div class="pair">\n<div>{picture}</div>\n{shown}\n</div>'


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[str]], kinds: Kinds) -> str:
    """A table with its name, which a reader of the screen hears."""

    def classes(column: int) -> str:
        found = [name for name, columns in (("n", kinds.numbers), ("wrap", kinds.wraps)) if column in columns]
        return f' class="{" ".join(found)}"' if found else ""

    def cell(column: int, shown: str) -> str:
        if column == kinds.names:
            return f'<th scope="row"{classes(column)}>{text(shown)}</th>'
        return f"<td{classes(column)}>{text(shown)}</td>"

    def line(row: Sequence[str]) -> str:
        cells = "".join(cell(*one) for one in enumerate(row) if one[0] != kinds.long)
        if kinds.long is None or not row[kinds.long]:
            return f"<tr>{cells}</tr>"
        told = f"{text(head[kinds.long])}: {text(row[kinds.long])}"
        return (
            f'<tr class="above">{cells}</tr>\n'
            f'<tr class="below"><td colspan="{len(head) - 1}"><div>{told}</div></td></tr>'
        )

    shown = [one for one in enumerate(head) if one[0] != kinds.long]
    heads = "".join(f'<th scope="col"{classes(column)}>{text(name)}</th>' for column, name in shown)
    # Reached and scrolled by keyboard too.
    return (
        f'<div class="scroll" role="region" aria-label="{text(name)}" tabindex="0"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(map(line, rows)) + "\n</tbody></table></div>"
    )


def text(shown: str) -> str:
    """Text that is nothing but text."""
    return escape(printable(shown))
