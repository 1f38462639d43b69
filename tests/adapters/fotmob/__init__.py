"""FotMob: recordings, made-up matches, broken answers, the feed over real sockets."""
