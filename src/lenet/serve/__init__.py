"""The live page and the service behind it: what `lenet serve` shows and answers."""
