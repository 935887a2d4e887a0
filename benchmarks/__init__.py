"""Speed, as ratios against raw floors measured in the same run on the same disk.

``python -m benchmarks [names] [--quick]``; every file here is one benchmark with a ``run``.
"""
