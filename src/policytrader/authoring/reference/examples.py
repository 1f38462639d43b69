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
}
"""Kind -> an example that loads; the six refer to one another."""
