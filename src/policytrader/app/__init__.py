"""Use cases over ports: what the faces ask for, with no driver and no screen in sight."""
