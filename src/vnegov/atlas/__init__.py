"""Pages that lead to the reports and figures of a batch."""
