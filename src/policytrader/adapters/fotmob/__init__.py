"""FotMob: match details in four layouts, read into fixtures; fetched politely, finished ones kept."""
