ALTER TABLE bets ADD COLUMN matched_by TEXT;

CREATE INDEX bets_chosen ON bets (user_id, bot_type, bet_id) WHERE matched_by = 'person';
