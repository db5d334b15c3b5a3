"""A stream's JSON schema, compiled once to a converter from the API's rows to records."""
