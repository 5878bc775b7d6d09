"""What the figures say: pure functions on frames and vectors, one family of methods a module.

`ranking` places units, `agreement` compares rankings, `adoption` measures use, `targets` plans, `trends` the
gap between provinces, `composite` builds and doubts an index, `geography` crosses the merger of 2025.
Nothing here reads a file, draws or rounds; what is not known stays missing and is said to be.
"""
