"""The pages and pictures of the documentation that follow from the code."""
