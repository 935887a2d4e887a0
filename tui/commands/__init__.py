"""The commands of ``packline``, one file each: arguments in, works called, sentences out."""
