"""The batch: plans of notebook runs, executed by papermill, each only when what it shows has changed."""
