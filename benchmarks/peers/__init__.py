"""One file for each contender; each imports its framework inside, and is run in a process of its own."""
