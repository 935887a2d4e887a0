"""What people see and type, the command line, and the one place that wires everything together."""
