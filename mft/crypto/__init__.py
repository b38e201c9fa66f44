"""Secrets at rest and proofs: master key, file keys, sealed segments, passwords, SSH keys, the audit signature.

Everything here takes and gives values or small files of its own.  Nothing here knows who an account
is, what a file is called, or whether anybody is allowed anything.
"""
