"""HTTP: one client for the BigCommerce API, with retries, rate limits and worker threads."""
