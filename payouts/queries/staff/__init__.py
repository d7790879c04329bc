"""What staff see of one customer, of one creator, and of whatever they search for."""
