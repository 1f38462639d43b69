"""Tests of the snapshot folder: its reader and its writer."""
