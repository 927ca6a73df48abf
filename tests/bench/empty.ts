// Nothing: what it takes to run this is what any program takes.
