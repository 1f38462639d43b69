CREATE TABLE bet_history (
    bet_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    "by" TEXT NOT NULL,
    reason TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    actual_from TEXT,
    actual_to TEXT,
    rule_id TEXT,
    policy_hash TEXT,
    evidence TEXT NOT NULL,
    "before" TEXT NOT NULL,
    "after" TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT bet_history_pkey PRIMARY KEY (bet_id, version)
) STRICT;

CREATE TABLE bet_store (
    schema_version INTEGER NOT NULL,
    CONSTRAINT bet_store_pkey PRIMARY KEY (schema_version)
) STRICT;

CREATE TABLE bets (
    bet_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    bot_type TEXT NOT NULL,
    tracked_at TEXT NOT NULL,
    market TEXT NOT NULL,
    odds TEXT NOT NULL,
    actual_stake TEXT NOT NULL,
    unit_size TEXT NOT NULL,
    alert_id TEXT,
    player_name TEXT,
    player_id TEXT,
    team TEXT,
    team_id TEXT,
    market_key TEXT,
    "match" TEXT,
    date TEXT,
    time TEXT,
    kickoff_at TEXT,
    threshold TEXT,
    market_direction TEXT,
    period TEXT NOT NULL,
    bookmaker TEXT,
    is_lay INTEGER NOT NULL,
    status TEXT NOT NULL,
    manual_override INTEGER NOT NULL,
    returns TEXT NOT NULL,
    profit_loss TEXT NOT NULL,
    fixture_id TEXT,
    actual_value TEXT,
    settled_at TEXT,
    closing_odds TEXT,
    tags TEXT NOT NULL,
    note TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    duplicate_of TEXT,
    deleted_at TEXT,
    version INTEGER NOT NULL,
    api_type_id INTEGER,
    api_location TEXT,
    stat_type TEXT,
    graded_at TEXT,
    reason TEXT,
    rule_id TEXT,
    policy_hash TEXT,
    stat_source TEXT,
    snapshot_hash TEXT,
    quality TEXT,
    graded_immediately INTEGER NOT NULL,
    last_checked_at TEXT,
    first_seen_value INTEGER,
    first_seen_at TEXT,
    units_staked_e10 INTEGER NOT NULL,
    units_returned_e10 INTEGER NOT NULL,
    CONSTRAINT bets_pkey PRIMARY KEY (bet_id)
) STRICT;

CREATE UNIQUE INDEX bets_dedup_key ON bets (user_id, bot_type, dedup_key) WHERE duplicate_of IS NULL AND dedup_key != '';

CREATE INDEX bets_fixture ON bets (fixture_id, status);

CREATE INDEX bets_newest ON bets (user_id, bot_type, tracked_at, bet_id);

CREATE INDEX bets_pending ON bets (user_id, bot_type, status, kickoff_at, bet_id);

CREATE INDEX bets_rotation ON bets (status, last_checked_at);

CREATE INDEX bets_totals ON bets (user_id, bot_type, deleted_at, status, units_staked_e10, units_returned_e10);

CREATE TRIGGER bet_history_refuses_update BEFORE UPDATE ON bet_history
BEGIN
    SELECT RAISE(ABORT, 'history only grows');
END;

CREATE TRIGGER bet_history_refuses_delete BEFORE DELETE ON bet_history
BEGIN
    SELECT RAISE(ABORT, 'history only grows');
END;
