"""One loader a kind of publication: `read()` gives what stands in the raw files, `tidy(raw)` what it means.

`read` changes nothing that was printed and keeps the address of each cell; `tidy` turns names into codes, labels
into ids and printed numbers into numbers, and returns candidate rows by the table they belong to: name → rows.
"""
