"""Pieces of screen, one a file: they paint what they are given and decide nothing."""
