"""A simulated marketplace with planted rings and honest look-alikes, for tests, benchmarks and demonstrations."""
