"""What is true and what may happen: no terminal, no device, no network."""
