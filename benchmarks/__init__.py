"""How fast lenet is beside other ways to run LeNet-5 on a CPU: `python -m benchmarks`, see README.md here."""
