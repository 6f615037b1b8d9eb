"""What comes back, understood: octets of one message in, a verdict with its evidence out."""
