CREATE TABLE contender_selections (
    race_id INTEGER NOT NULL,
    race_time TEXT,
    race_date TEXT,
    horse_id INTEGER,
    horse_name TEXT,
    selection_id INTEGER,
    contender TEXT,
    betfair_win_sp TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    race_ref TEXT
) STRICT;

CREATE UNIQUE INDEX contender_selections_race_runner ON contender_selections (race_ref, selection_id);

CREATE TABLE controls (
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    cause TEXT NOT NULL,
    subject TEXT NOT NULL,
    evidence TEXT NOT NULL,
    cancels_open INTEGER NOT NULL,
    CONSTRAINT controls_pkey PRIMARY KEY (seq)
) STRICT;

CREATE TABLE decision_inputs (
    inputs_hash TEXT NOT NULL,
    document TEXT NOT NULL,
    CONSTRAINT decision_inputs_pkey PRIMARY KEY (inputs_hash)
) STRICT;

CREATE TABLE journal (
    ref TEXT NOT NULL,
    state TEXT NOT NULL,
    account TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    mode TEXT NOT NULL,
    selection_ref TEXT NOT NULL,
    purpose TEXT NOT NULL,
    market_id TEXT NOT NULL,
    selection_id INTEGER NOT NULL,
    side TEXT NOT NULL,
    price TEXT NOT NULL,
    size TEXT NOT NULL,
    payout TEXT,
    market_version INTEGER NOT NULL,
    strategy_ref TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    snapshot_hash TEXT NOT NULL,
    created_at TEXT NOT NULL,
    day TEXT NOT NULL,
    sent_at TEXT,
    updated_at TEXT NOT NULL,
    bet_id TEXT,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    size_matched TEXT,
    average_price_matched TEXT,
    size_remaining TEXT,
    size_cancelled TEXT,
    size_lapsed TEXT,
    size_voided TEXT,
    sizes_at TEXT,
    CONSTRAINT journal_pkey PRIMARY KEY (ref)
) STRICT;

CREATE UNIQUE INDEX journal_bet_id ON journal (account, bet_id);

CREATE INDEX journal_day ON journal (day);

CREATE INDEX journal_open ON journal (account) WHERE state IN ('reserved', 'sent', 'unknown', 'seen');

CREATE INDEX journal_selection_ref ON journal (selection_ref);

CREATE TABLE leases (
    account TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    acquired_at TEXT NOT NULL,
    renewed_at TEXT NOT NULL,
    released_at TEXT,
    CONSTRAINT leases_pkey PRIMARY KEY (account)
) STRICT;

CREATE TABLE live_results (
    unique_id TEXT,
    race_id TEXT,
    race_time TEXT,
    race_date TEXT,
    horse_id INTEGER,
    horse_name TEXT,
    selection_type TEXT,
    market_type TEXT,
    market_id TEXT,
    selection_id INTEGER,
    requested_odds TEXT,
    valid INTEGER,
    invalidated_at TEXT,
    invalidated_reason TEXT,
    size_matched TEXT,
    average_price_matched TEXT,
    cashed_out INTEGER,
    fully_matched INTEGER,
    customer_strategy_ref TEXT,
    created_at TEXT,
    processed_at TEXT,
    bet_outcome TEXT,
    price_matched TEXT,
    profit TEXT,
    commission TEXT,
    side TEXT,
    selection_ref TEXT,
    average_price_exact TEXT,
    mode TEXT
) STRICT;

CREATE INDEX live_results_race_date ON live_results (race_date);

CREATE UNIQUE INDEX live_results_selection_ref ON live_results (selection_ref);

CREATE TABLE market_state (
    selection_id INTEGER NOT NULL,
    back_price_win TEXT,
    race_id INTEGER NOT NULL,
    race_date TEXT NOT NULL,
    race_time TEXT,
    market_id_win TEXT NOT NULL,
    market_id_place TEXT NOT NULL,
    number_of_runners INTEGER NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    unique_id TEXT,
    bet_selection_id INTEGER,
    bet_type TEXT,
    market_type TEXT,
    horse_id INTEGER,
    selection_ref TEXT,
    race_ref TEXT,
    capture_id TEXT,
    runner_name TEXT,
    runner_status TEXT
) STRICT;

CREATE INDEX market_state_race_date ON market_state (race_date);

CREATE TABLE market_types (
    market_type TEXT NOT NULL,
    betfair TEXT,
    matchbook TEXT,
    betdaq TEXT,
    CONSTRAINT market_types_pkey PRIMARY KEY (market_type)
) STRICT;

CREATE TABLE policies (
    policy_hash TEXT NOT NULL,
    content TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    CONSTRAINT policies_pkey PRIMARY KEY (policy_hash)
) STRICT;

CREATE TABLE results_history (
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    selection_ref TEXT NOT NULL,
    bet_outcome TEXT NOT NULL,
    profit TEXT NOT NULL,
    commission TEXT NOT NULL,
    size_matched TEXT NOT NULL,
    average_price_matched TEXT,
    CONSTRAINT results_history_pkey PRIMARY KEY (seq)
) STRICT;

CREATE INDEX results_history_selection_ref ON results_history (selection_ref);

CREATE TABLE selections (
    unique_id TEXT,
    race_id INTEGER NOT NULL,
    race_time TEXT NOT NULL,
    race_date TEXT NOT NULL,
    horse_id INTEGER NOT NULL,
    horse_name TEXT NOT NULL,
    selection_type TEXT,
    market_type TEXT,
    market_id TEXT,
    selection_id INTEGER,
    requested_odds TEXT,
    stake_points TEXT,
    valid INTEGER,
    invalidated_at TEXT,
    invalidated_reason TEXT,
    size_matched TEXT,
    average_price_matched TEXT,
    fully_matched INTEGER,
    cashed_out INTEGER,
    customer_strategy_ref TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    processed_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    selection_ref TEXT,
    race_ref TEXT,
    course TEXT,
    runner_name TEXT,
    capture_id TEXT,
    average_price_exact TEXT,
    mode TEXT
) STRICT;

CREATE UNIQUE INDEX selections_market_runner_side ON selections (market_id, selection_id, selection_type) WHERE selection_ref IS NOT NULL;

CREATE INDEX selections_race_date ON selections (race_date);

CREATE UNIQUE INDEX selections_selection_ref ON selections (selection_ref);

CREATE TABLE store_settings (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT store_settings_pkey PRIMARY KEY (name)
) STRICT;

CREATE TABLE upcoming_bets (
    unique_id TEXT,
    race_id TEXT,
    race_time TEXT,
    race_date TEXT,
    horse_id INTEGER,
    horse_name TEXT,
    selection_type TEXT,
    market_type TEXT,
    market_id TEXT,
    selection_id INTEGER,
    requested_odds TEXT,
    valid INTEGER,
    invalidated_at TEXT,
    invalidated_reason TEXT,
    size_matched TEXT,
    average_price_matched TEXT,
    cashed_out INTEGER,
    fully_matched INTEGER,
    customer_strategy_ref TEXT,
    created_at TEXT,
    processed_at TEXT,
    bet_outcome TEXT,
    price_matched TEXT,
    profit TEXT,
    commission TEXT,
    side TEXT,
    selection_ref TEXT,
    average_price_exact TEXT,
    mode TEXT
) STRICT;

CREATE INDEX upcoming_bets_race_date ON upcoming_bets (race_date);

CREATE UNIQUE INDEX upcoming_bets_selection_ref ON upcoming_bets (selection_ref);

CREATE TABLE updated_price_data (
    race_time TEXT,
    horse_name TEXT,
    race_date TEXT,
    course TEXT,
    status TEXT,
    market_id_win TEXT,
    selection_id INTEGER,
    betfair_win_sp TEXT,
    betfair_place_sp TEXT,
    back_price_1_win TEXT,
    back_price_1_depth_win TEXT,
    back_price_2_win TEXT,
    lay_price_1_win TEXT,
    lay_price_1_depth_win TEXT,
    back_price_1_place TEXT,
    back_price_1_depth_place TEXT,
    back_price_2_place TEXT,
    lay_price_1_place TEXT,
    lay_price_1_depth_place TEXT,
    market_id_place TEXT,
    created_at TEXT,
    unique_id TEXT,
    race_id INTEGER,
    race_ref TEXT
) STRICT;

CREATE UNIQUE INDEX updated_price_data_race_runner ON updated_price_data (race_ref, selection_id);

CREATE TABLE activations (
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    policy_hash TEXT,
    who TEXT NOT NULL,
    is_shadow INTEGER NOT NULL,
    CONSTRAINT activations_pkey PRIMARY KEY (seq),
    CONSTRAINT activations_policy_hash_fkey FOREIGN KEY(policy_hash) REFERENCES policies (policy_hash)
) STRICT;

CREATE TABLE decisions (
    decision_id TEXT NOT NULL,
    at TEXT NOT NULL,
    selection_ref TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    snapshot_hash TEXT NOT NULL,
    action TEXT NOT NULL,
    code TEXT NOT NULL,
    is_shadow INTEGER NOT NULL,
    mode TEXT NOT NULL,
    document TEXT NOT NULL,
    inputs_hash TEXT NOT NULL,
    CONSTRAINT decisions_pkey PRIMARY KEY (decision_id),
    CONSTRAINT decisions_inputs_hash_fkey FOREIGN KEY(inputs_hash) REFERENCES decision_inputs (inputs_hash)
) STRICT;

CREATE INDEX decisions_selection_ref ON decisions (selection_ref, at);

CREATE TABLE journal_events (
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    who TEXT NOT NULL,
    epoch INTEGER,
    CONSTRAINT journal_events_pkey PRIMARY KEY (seq),
    CONSTRAINT journal_events_ref_fkey FOREIGN KEY(ref) REFERENCES journal (ref)
) STRICT;

CREATE INDEX journal_events_at ON journal_events (at);

CREATE INDEX journal_events_ref ON journal_events (ref);

CREATE VIEW todays_selections AS
SELECT * FROM selections
WHERE race_date = date('now') AND valid IS NOT FALSE AND cashed_out IS NOT TRUE;

CREATE VIEW updated_price_data_vw AS
SELECT * FROM updated_price_data
WHERE race_time > strftime('%Y-%m-%dT%H:%M:%fZ');
