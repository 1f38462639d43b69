"""The trader's own schema as documented, in PostgreSQL: the tables to the letter, and the views proposed on top."""

from __future__ import annotations

TABLES = """
CREATE SCHEMA live_betting;
CREATE TABLE live_betting.selections (
    unique_id VARCHAR(255), race_id INTEGER NOT NULL, race_time TIMESTAMP NOT NULL, race_date DATE NOT NULL,
    horse_id INTEGER NOT NULL, horse_name VARCHAR(255) NOT NULL, selection_type VARCHAR(50), market_type VARCHAR(50),
    market_id VARCHAR(255), selection_id BIGINT, requested_odds NUMERIC(8,2), stake_points NUMERIC, valid BOOLEAN,
    invalidated_at TIMESTAMP, invalidated_reason TEXT, size_matched NUMERIC(15,2), average_price_matched NUMERIC(8,2),
    fully_matched BOOLEAN, cashed_out BOOLEAN, customer_strategy_ref VARCHAR(255),
    created_at TIMESTAMP DEFAULT NOW(), processed_at TIMESTAMP DEFAULT NOW());
CREATE TABLE live_betting.market_state (
    selection_id INTEGER NOT NULL, back_price_win NUMERIC(8,2) NOT NULL, race_id INTEGER NOT NULL,
    race_date DATE NOT NULL, race_time TIMESTAMP, market_id_win VARCHAR(255) NOT NULL,
    market_id_place VARCHAR(255) NOT NULL, number_of_runners INTEGER NOT NULL, created_at TIMESTAMP DEFAULT NOW(),
    unique_id VARCHAR(132), bet_selection_id INTEGER, bet_type CHAR(16), market_type VARCHAR(16), horse_id INTEGER);
CREATE TABLE live_betting.updated_price_data (
    race_time TIMESTAMP, horse_name VARCHAR(255), race_date DATE, course VARCHAR(100), status VARCHAR(50),
    market_id_win VARCHAR(32), selection_id INTEGER, betfair_win_sp NUMERIC(8,2), betfair_place_sp NUMERIC(8,2),
    back_price_1_win NUMERIC(8,2), back_price_1_depth_win NUMERIC(15,2), back_price_2_win NUMERIC(8,2),
    lay_price_1_win NUMERIC(8,2), lay_price_1_depth_win NUMERIC(15,2), back_price_1_place NUMERIC(8,2),
    back_price_1_depth_place NUMERIC(15,2), back_price_2_place NUMERIC(8,2), lay_price_1_place NUMERIC(8,2),
    lay_price_1_depth_place NUMERIC(15,2), market_id_place VARCHAR(255), created_at TIMESTAMP, unique_id VARCHAR(132));
CREATE TABLE live_betting.live_results (
    unique_id VARCHAR(132), race_id VARCHAR(132), race_time TIMESTAMP, race_date DATE, horse_id INTEGER,
    horse_name VARCHAR(132), selection_type VARCHAR(132), market_type VARCHAR(132), market_id VARCHAR(132),
    selection_id INTEGER, requested_odds NUMERIC(8,2), valid BOOLEAN, invalidated_at TIMESTAMP,
    invalidated_reason VARCHAR(132), size_matched NUMERIC(8,2), average_price_matched NUMERIC(8,2), cashed_out BOOLEAN,
    fully_matched BOOLEAN, customer_strategy_ref VARCHAR(132), created_at TIMESTAMP, processed_at TIMESTAMP,
    bet_outcome VARCHAR(132), price_matched NUMERIC(8,2), profit NUMERIC(8,2), commission NUMERIC(8,2),
    side VARCHAR(32));
CREATE TABLE live_betting.upcoming_bets (LIKE live_betting.live_results);
"""

VIEWS = """
CREATE VIEW live_betting.v_active_runner_count AS
SELECT race_id, market_id_win, COUNT(*) FILTER (WHERE status = 'ACTIVE') as active_runners, COUNT(*) as total_runners
FROM live_betting.updated_price_data
WHERE race_time > CURRENT_TIMESTAMP
GROUP BY race_id, market_id_win;

CREATE VIEW live_betting.v_short_price_removals AS
SELECT DISTINCT race_id, market_id_win, TRUE as has_short_price_removal
FROM live_betting.updated_price_data
WHERE status = 'REMOVED' AND betfair_win_sp < 12 AND race_time > CURRENT_TIMESTAMP;

CREATE VIEW live_betting.v_eight_to_seven_races AS
SELECT ms.race_id, ms.market_id_win, ms.number_of_runners as original_runners, arc.active_runners as current_runners,
    TRUE as eight_to_seven
FROM live_betting.market_state ms
JOIN live_betting.v_active_runner_count arc ON ms.market_id_win = arc.market_id_win
WHERE ms.number_of_runners >= 8 AND arc.active_runners <= 7;

CREATE VIEW live_betting.v_valid_pending_bets AS
SELECT s.*, upd.back_price_1_win, upd.lay_price_1_win, upd.back_price_1_place, upd.lay_price_1_place, upd.status,
    COALESCE(spr.has_short_price_removal, FALSE) as short_price_removed,
    COALESCE(etr.eight_to_seven, FALSE) as eight_to_seven_runners,
    CASE WHEN spr.has_short_price_removal THEN FALSE
        WHEN etr.eight_to_seven AND s.market_type = 'PLACE' THEN FALSE
        ELSE s.valid END as computed_valid,
    CASE WHEN spr.has_short_price_removal THEN 'Invalid Short Price Removed'
        WHEN etr.eight_to_seven AND s.market_type = 'PLACE' THEN 'Invalid 8 to 7 Place'
        ELSE s.invalidated_reason END as computed_invalidated_reason
FROM live_betting.selections s
JOIN live_betting.updated_price_data upd ON s.selection_id = upd.selection_id AND s.market_id = upd.market_id_win
LEFT JOIN live_betting.v_short_price_removals spr ON s.race_id = spr.race_id
LEFT JOIN live_betting.v_eight_to_seven_races etr ON s.race_id = etr.race_id
WHERE s.race_date = CURRENT_DATE AND s.race_time > CURRENT_TIMESTAMP AND s.valid = TRUE;
"""
