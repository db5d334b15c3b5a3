"""The HTML report: the data collected in a run, and its template."""
