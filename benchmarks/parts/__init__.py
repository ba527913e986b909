"""What the benchmarks of this folder are made of."""
