"""What the batch costs, against what one could use instead; every figure is a ratio within one run."""
