"""The report: what is kept of a run while it goes on, and the page that is made of it."""
