"""From raw files, as published, to tidy tables with a source on every number."""
