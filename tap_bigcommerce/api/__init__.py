"""The HTTP client of the BigCommerce API: retries, rate limits, threads."""
