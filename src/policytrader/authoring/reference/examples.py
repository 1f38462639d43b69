"""One small file of each kind; together they are a policy that loads."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, str]] = {
    "validation": """\
policy: validation
version: 1
facts:
  runners_left:
    count: runners
    where: {field: runner.status, op: eq, value: ACTIVE}
rules:
  - id: small-field
    title: Fewer than five runners are left
    why: In a small field the favourite decides the market, and the morning's price means little.
    when: {field: fact.runners_left, op: lt, value: 5}
    then: {invalidate: Invalid Small Field}
    tests:
      - {name: four left, given: {fact.runners_left: 4}, expect: invalidate}
      - {name: five left, given: {fact.runners_left: 5}, expect: keep}
      - {name: four or five, given: {}, expect: hold}
end: validation
""",
    "staking": """\
policy: staking
version: 1
ladders:
  - id: two-steps
    title: A little early, the rest in the last hour
    why: The early price is the better one, and most of the money is there late.
    steps:
      - {from: start, back_stake: 10, lay_liability: 20}
      - {from: 1h, back_stake: 40, lay_liability: 60}
    limits: {back_stake: 40, lay_liability: 60}
    fully_matched_within: 1.00
end: staking
""",
    "entry": """\
policy: entry
version: 1
rules:
  - id: back-price-is-there
    title: The back price is the requested one or higher
    why: Below it the bet has no value.
    applies_to: {side: [BACK]}
    when: {field: runner.best_back, op: gte, other: selection.price_requested}
    tests:
      - name: exactly there
        given: {selection.side: BACK, runner.best_back: 8, selection.price_requested: 8}
        expect: take
  - id: lay-price-is-there
    title: The lay price is the requested one or lower
    why: Above it laying has no value.
    applies_to: {side: [LAY]}
    when: {field: runner.best_lay, op: lte, other: selection.price_requested}
    tests:
      - {name: nobody offers, given: {selection.side: LAY, selection.price_requested: 8}, expect: wait}
order: {cancel_unmatched_after: 5m}
end: entry
""",
    "cash_out": """\
policy: cash_out
version: 1
triggers:
  - id: close-small-field
    title: Close what is matched when the field became small
    why: The bet was made on other terms.
    when:
      all:
        - {invalidated_by: [small-field]}
        - {field: position.size_matched, op: gt, value: 0}
    then: {cash_out: full, max_slippage_ticks: 5}
    tests:
      - {name: matched, given: {invalidated_by: small-field, position.size_matched: 2.00}, expect: cash_out}
      - {name: still valid, given: {position.size_matched: 2.00}, expect: leave}
end: cash_out
""",
    "protection": """\
policy: protection
version: 1
protections:
  max_order: {stake: 100, liability: 150}
  max_exposure_per_selection: {back_stake: 100, lay_liability: 150}
  max_exposure_per_market: 500
  max_exposure_per_day: 2000
  max_daily_loss: 300
  max_orders_per_minute: 20
  max_orders_per_selection: 12
  max_rejects_in_a_row: 5
  max_unknown_intents: 1
  price_collar: {max_ticks: 10, max_percent: 20}
  max_spread_ticks: 15
  max_price_age_seconds: 20
  max_snapshot_age_hours: 18
  no_new_orders_before_off_seconds: 30
  reconcile_every_seconds: 60
  kill_switch_file: "KILL"
end: protection
""",
    "schedule": """\
policy: schedule
version: 1
intervals:
  - {from: "00:00", every: 2m}
  - {from: "10:00", every: 15s}
end: schedule
""",
    "selections": """\
policy: selections
version: 1
at: 2h
picks:
  - id: middle-prices
    title: Back every runner between 5 and 12 at ten percent over the morning's price
    why: The prices that the desk usually picks; to see what a policy makes of many of them.
    side: BACK
    market_type: [WIN]
    price: {of: best_back, from: 5, to: 12}
    ask_percent: 10
    stake_points: 1
    most_per_race: 3
    countries: [GB, IE]
end: selections
""",
    "markets": """\
policy: markets
version: 1
directions: {over: [over, o, "yes"], under: [under, u, "no"], handicap: [handicap]}
periods: {match: [match, full time], first_half: [first half, 1h], second_half: [second half, 2h]}
markets:
  - name: Player Goals
    aliases:
      - Player Total Goals
      - {name: Anytime Goalscorer, line: 0.5, direction: over}
    statistics: [goals]
    scope: player
    needs_var: true
    api_type_id: 52
    api_location: player
  - name: Match Corners
    aliases: [{name: First Half Corners, period: first_half}]
    statistics: [corners]
    scope: match
  - name: Team Corners Handicap
    statistics: [corners]
    scope: team
    direction: handicap
    can_only_grow: false
end: markets
""",
    "participation": """\
policy: participation
version: 1
default: {participation: must_appear, void_window: 72h, cards: {red: 2, second_yellow: 2, most_per_player: 3}}
bookmakers:
  Bet365: {markets: {"Player Goals": must_start}, void_window: 24h}
end: participation
""",
    "grading": """\
policy: grading
version: 1
rules:
  - id: keep-manual
    title: A person graded it
    why: Nobody but a person changes what a person decided.
    when: {field: bet.manual_override, op: is_true}
    then: {keep: manual_override}
    tests:
      - {name: by a person, given: {bet.manual_override: true}, expect: manual_override}
  - id: not-finished
    title: The match is not over
    why: What is not decided early is decided at the end.
    when: {field: fixture.status, op: ne, value: FINISHED}
    then: {pending: not_finished}
    on_missing: not_finished
    tests:
      - {name: running, given: {fixture.status: LIVE}, expect: not_finished}
      - {name: over, given: {fixture.status: FINISHED}, expect: next}
  - id: did-not-play
    title: The player took no part
    why: Bookmakers give the stake back.
    applies_to: {scope: [player]}
    when: {field: player.took_part, op: is_false}
    then: {outcome: refund, reason: did_not_play}
    tests:
      - {name: on the bench, given: {bet.scope: player, player.took_part: false}, expect: refund}
  - id: line
    title: The count against the line
    why: The match is over and the count is there.
    when: {field: bet.margin, op: is_present}
    then: {outcome: by_margin}
    tests:
      - {name: a quarter past, given: {bet.margin: 0.25}, expect: half_win}
      - {name: no count, given: {}, expect: next}
otherwise: {pending: stat_unavailable}
margin_table:
  id: line-margin
  rows:
    - {margin: ">= 0.5", outcome: won, reason: line}
    - {margin: "0.25", outcome: half_win, reason: quarter_line}
    - {margin: "0", outcome: refund, reason: push}
    - {margin: "-0.25", outcome: half_loss, reason: quarter_line}
    - {margin: "<= -0.5", outcome: lost, reason: line}
returns: {won: stake * odds, half_win: stake * (odds + 1) / 2, refund: stake, half_loss: stake / 2, lost: "0"}
end: grading
""",
    "names": """\
policy: names
version: 1
accept: {score: 85, ahead_by: 5}
players:
  ignored: [da, de, van]
  aliases:
    - {name: Rodri, also: [Rodrigo Hernández]}
teams:
  ignored: [fc]
  first_word_names: true
end: names
""",
}
"""Kind -> an example that loads; the six that trade refer to one another, and so do the four that grade."""
