"""Where units of work are done: here, in processes of this machine, on a Dask cluster."""
