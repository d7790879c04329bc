"""`make bench`: the money path beside the smallest durable form of the same work, as ratios of interleaved rounds."""
