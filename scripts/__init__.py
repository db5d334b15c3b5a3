"""Tools for the repository: generators of files, golden runs, set-up."""
