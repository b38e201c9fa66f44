"""Verdicts: values in, verdict out.  Pure; the moment is always an argument called ``now``."""
