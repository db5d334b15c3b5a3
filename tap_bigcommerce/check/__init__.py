"""Before a sync: can it work, how much is there to read, and what will that take?"""
