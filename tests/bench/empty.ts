// Nothing: the floor of every program.
