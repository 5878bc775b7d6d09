"""What the figures say: pure functions on frames and vectors, one family of methods a module. Nothing here draws or
rounds; what is not known stays missing and is said to be."""
