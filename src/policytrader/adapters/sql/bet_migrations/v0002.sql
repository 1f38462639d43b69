CREATE INDEX bets_settled ON bets (settled_at, fixture_id) WHERE settled_at IS NOT NULL;
