"""One file per revision; one that was released is never changed."""
