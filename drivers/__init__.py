"""The outside world: scanners, scales, printers, cameras, channels and carriers."""
