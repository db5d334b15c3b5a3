"""A Singer tap that reads a BigCommerce store over its REST API."""
